import { GraphQLSchemaHost } from '@nestjs/graphql';
import { GraphQLInt, GraphQLObjectType, GraphQLSchema } from 'graphql';
import { ToyGateway } from '../testing/toy-gateway.js';
import { withPlainFields } from './schema.js';

describe('a field without a resolver of ours', () => {
  it('has none of the framework either', async () => {
    const gateway = await ToyGateway.open();
    const fields = (gateway.app.get(GraphQLSchemaHost).schema.getType('Toy') as GraphQLObjectType).getFields();
    await gateway.close();
    expect([fields['id']?.resolve, fields['name']?.resolve]).toEqual([undefined, undefined]);
    expect(fields['friend']?.resolve).toBeDefined();
  });

  it('keeps what renames it or has a default', () => {
    const reading = (property: string, fallback?: number) => ({ rootFieldResolver: (root: Record<string, unknown>) => root[property] ?? fallback }).rootFieldResolver;
    const type = new GraphQLObjectType({
      name: 'Query',
      fields: { plain: { type: GraphQLInt, resolve: reading('plain') }, renamed: { type: GraphQLInt, resolve: reading('other') }, defaulted: { type: GraphQLInt, resolve: reading('defaulted', 1) }, own: { type: GraphQLInt, resolve: (root: { own: number }) => root.own } },
    });
    withPlainFields(new GraphQLSchema({ query: type }));
    expect(Object.values(type.getFields()).filter(({ resolve }) => resolve).map(({ name }) => name)).toEqual(['renamed', 'defaulted', 'own']);
  });
});
