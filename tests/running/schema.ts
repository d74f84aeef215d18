import { buildClientSchema, getIntrospectionQuery, getNamedType, type GraphQLField, type GraphQLInputType, type GraphQLOutputType, type GraphQLSchema, isCompositeType, isInputObjectType, isRequiredArgument, isRequiredInputField, isUnionType, type IntrospectionQuery } from 'graphql';
import { post } from './person.js';

export type OperationKind = 'query' | 'mutation' | 'subscription';

/** A value that an operation takes, in its arguments or in an input object of theirs. */
export interface OperationInput {
  /** From the argument down. @example ['input', 'agentId'] */
  readonly path: readonly string[];
  readonly type: GraphQLInputType;
  readonly isRequired: boolean;
  readonly isId: boolean;
}

/** A root field with all that it takes and a document that asks for all that it gives. */
export interface Operation {
  readonly kind: OperationKind;
  readonly name: string;
  readonly description: string;
  readonly inputs: readonly OperationInput[];
  readonly document: string;
}

/** What the running server says of itself. */
export async function readSchema(url: string): Promise<GraphQLSchema> {
  const { data, errors } = await post<IntrospectionQuery>(url, getIntrospectionQuery(), {}, {});
  if (!data) throw new Error(JSON.stringify(errors));
  return buildClientSchema(data);
}

export function operationsOf(schema: GraphQLSchema): Operation[] {
  const roots = { query: schema.getQueryType(), mutation: schema.getMutationType(), subscription: schema.getSubscriptionType() };
  return (['query', 'mutation', 'subscription'] as const).flatMap((kind) => Object.values(roots[kind]?.getFields() ?? {}).map((field) => operationOf(schema, kind, field)));
}

/** The fields below a type, objects to a depth; a union's members by fragments. Empty for a scalar. */
export function selectionOf(schema: GraphQLSchema, type: GraphQLOutputType, depth = 4): string {
  const named = getNamedType(type);
  if (!isCompositeType(named)) return '';
  if (isUnionType(named)) return `{ __typename ${schema.getPossibleTypes(named).map((each) => `... on ${each.name} ${selectionOf(schema, each, depth)}`).join(' ')} }`;
  const fields = Object.values(named.getFields()).filter((field) => !field.args.some(isRequiredArgument) && (depth > 1 || !isCompositeType(getNamedType(field.type))));
  return `{ __typename ${fields.map((field) => `${field.name} ${selectionOf(schema, field.type, depth - 1)}`).join(' ')} }`;
}

function operationOf(schema: GraphQLSchema, kind: OperationKind, field: GraphQLField<unknown, unknown>): Operation {
  const declared = field.args.map(({ name, type }) => `$${name}: ${String(type)}`).join(', ');
  const passed = field.args.map(({ name }) => `${name}: $${name}`).join(', ');
  const document = `${kind} ${declared && `(${declared})`} { ${field.name}${passed && `(${passed})`} ${selectionOf(schema, field.type)} }`;
  const inputs = field.args.flatMap((argument) => inputsOf([argument.name], argument.type, isRequiredArgument(argument)));
  return { kind, name: field.name, description: field.description ?? '', inputs, document };
}

function inputsOf(path: readonly string[], type: GraphQLInputType, isRequired: boolean): OperationInput[] {
  const named = getNamedType(type);
  if (!isInputObjectType(named)) return [{ path, type, isRequired, isId: named.name === 'ID' }];
  if (path.length > 5) return []; // an input that holds itself
  return Object.values(named.getFields()).flatMap((field) => inputsOf([...path, field.name], field.type, isRequired && isRequiredInputField(field)));
}
