import { buildSchema, execute, type GraphQLObjectType, type GraphQLResolveInfo, parse } from 'graphql';
import { askedFields, columnsOf } from './asked-fields.js';

const schema = buildSchema('type Node { id: ID name: String usage: Usage } type Usage { tokens: Int } type Edge { node: Node cursor: String } type List { nodes: [Node] edges: [Edge] } type Query { list: List }');

/** What a resolver of `list` is told. */
async function infoOf(text: string): Promise<GraphQLResolveInfo> {
  let told: GraphQLResolveInfo | undefined;
  (schema.getQueryType() as GraphQLObjectType).getFields()['list']!.resolve = (_source, _args, _context, info) => void (told = info);
  await execute({ schema, document: parse(text) });
  return told!;
}

describe('the fields that a client asked for', () => {
  it.each([
    ['plain', '{ list { nodes { id name } } }', ['id', 'name']],
    ['under aliases', '{ list { all: nodes { it: id } } }', ['id']],
    ['in fragments', '{ ...a } fragment a on Query { list { ...b } } fragment b on List { nodes { ...c ... on Node { name } } } fragment c on Node { usage { tokens } }', ['usage', 'name']],
    ['in a field that stands twice', '{ list { nodes { id } nodes { name } } }', ['id', 'name']],
    ['under a condition, whatever it says', '{ list { nodes { id @skip(if: true) } } }', ['id']],
    ['elsewhere only', '{ list { edges { cursor } } }', []],
  ])('are seen %s', async (_, text, names) => expect([...askedFields(await infoOf(text), ['nodes'])]).toEqual(names));

  it('are those of the object itself without a path', async () => expect([...askedFields(await infoOf('{ list { nodes { id } edges { cursor } } }'))]).toEqual(['nodes', 'edges']));

  it('name the columns behind them', () => expect(columnsOf(new Set(['id', 'usage']), { usage: ['tokens', 'isEstimated'] })).toEqual(['id', 'tokens', 'isEstimated']));
});
