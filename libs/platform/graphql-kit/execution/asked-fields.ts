import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { GqlExecutionContext } from '@nestjs/graphql';
import { type FieldNode, type GraphQLResolveInfo, Kind, type SelectionSetNode } from 'graphql';

/** Names of fields, as the schema has them. */
export type AskedFields = ReadonlySet<string>;

/** The fields of the object that the client asked for, so that nothing else need be read: `@Asked() asked: AskedFields`. */
export const Asked = createParamDecorator((_: unknown, context: ExecutionContext): AskedFields => askedFields(GqlExecutionContext.create(context).getInfo<GraphQLResolveInfo>()));

/** The fields of a connection's nodes that the client asked for, in `nodes` or in `edges`. */
export const AskedOfNodes = createParamDecorator((_: unknown, context: ExecutionContext): AskedFields => {
  const info = GqlExecutionContext.create(context).getInfo<GraphQLResolveInfo>();
  return new Set([...askedFields(info, ['nodes']), ...askedFields(info, ['edges', 'node'])]);
});

/**
 * The names of the fields below a field. What a directive leaves out counts as asked for.
 *
 * @param path of fields to go down first
 */
export function askedFields({ fieldNodes, fragments }: Pick<GraphQLResolveInfo, 'fieldNodes' | 'fragments'>, path: readonly string[] = []): AskedFields {
  const below = (nodes: readonly FieldNode[]) => nodes.flatMap(({ selectionSet }) => (selectionSet ? fieldsOf(selectionSet, fragments) : []));
  const parents = path.reduce((nodes, name) => below(nodes).filter((node) => node.name.value === name), [...fieldNodes]);
  return new Set(below(parents).map(({ name }) => name.value));
}

/** Without what lies below them; fragments are looked into. */
const fieldsOf = ({ selections }: SelectionSetNode, fragments: GraphQLResolveInfo['fragments']): FieldNode[] =>
  selections.flatMap((node) => {
    if (node.kind === Kind.FIELD) return [node];
    const selection = node.kind === Kind.INLINE_FRAGMENT ? node.selectionSet : fragments[node.name.value]?.selectionSet;
    return selection ? fieldsOf(selection, fragments) : [];
  });

/**
 * The columns behind the fields that were asked for.
 *
 * @param madeOf which columns make a field that is not one itself
 */
export const columnsOf = (asked: AskedFields, madeOf: Readonly<Record<string, readonly string[]>> = {}): string[] =>
  [...asked].flatMap((field) => madeOf[field] ?? [field]);
