import fc from 'fast-check';
import { buildSchema, execute, type ExecutionResult, type GraphQLError, type GraphQLObjectType, type GraphQLSchema, parse, validate } from 'graphql';
import { ToyGateway } from '../../testing/toy-gateway.js';
import { CompiledQueries } from './compiled-queries.js';

/** Each kind of field once: values, lists, nothing where something must be, what throws at once and what rejects later. */
const schema = withResolvers(
  buildSchema(`
    enum Colour { RED GREEN }
    interface Named { name: String! }
    type Toy implements Named { name: String! colour: Colour weight: Float parts: [Part!]! twin: Toy lost: String! gone: String broken: Int! size(unit: String! = "cm", times: Int): String! }
    type Part implements Named { name: String! of: Toy bad: [Int!] odd: Int }
    union Thing = Toy | Part
    type Query { toy: Toy must: Toy! toys(first: Int = 2): [Toy] strict: [Toy!]! things: [Thing!]! named: [Named] never: String! }
  `),
  {
    Query: { toy: later(() => toy), must: () => toy, toys: ({ first }: { first: number }) => Promise.resolve(Array.from({ length: first }, () => toy)), strict: later(() => [toy, toy]), things: () => [toy, part], named: () => [part, null, toy], never: later(() => null) },
    Toy: { twin: () => toy, size: ({ unit, times }: { unit: string; times?: number }) => `${times ?? 1} ${unit}`, gone: later(thrown), broken: thrown },
    Part: { of: later(() => toy) },
  },
);
const part = { __typename: 'Part', name: 'wheel', bad: [1, 'x', 3], odd: 1.5 };
const toy = { __typename: 'Toy', name: 'car', colour: 'RED', weight: 1.5, parts: [part, part], lost: null };

const fields: Readonly<Record<string, readonly (readonly [text: string, type?: string])[]>> = {
  Query: [['toy', 'Toy'], ['must', 'Toy'], ['toys', 'Toy'], ['toys(first: 1)', 'Toy'], ['toys(first: $count)', 'Toy'], ['strict', 'Toy'], ['things', 'Thing'], ['named', 'Named'], ['never'], ['__typename']],
  Toy: [['name'], ['colour'], ['weight'], ['parts', 'Part'], ['twin', 'Toy'], ['lost'], ['gone'], ['broken'], ['size'], ['size(unit: "m", times: $count)'], ['__typename']],
  Part: [['name'], ['of', 'Toy'], ['bad'], ['odd']],
  Named: [['name']],
  Thing: [['__typename']],
};

/** Selections of a type: fields under aliases, fragments, directives. */
const selection = (type: string, depth: number): fc.Arbitrary<string> => {
  const inner = fields[type]!.filter(([, below]) => !below || depth > 0);
  const alias = fc.constantFrom('x', 'a', 'b');
  const field = fc.tuple(alias, fc.constantFrom(...inner)).chain(([as, [text, below]]) => {
    const name = `${as}${Math.abs(hash(text)) % 1_000}: `; // the same alias never means two things
    return below ? selection(below, depth - 1).map((sub) => `${name}${text} { ${sub} }`) : fc.constantFrom('', '', ' @include(if: $yes)', ' @skip(if: $yes)', ' @include(if: $no)').map((when) => `${name}${text}${when}`);
  });
  const on = type === 'Thing' || type === 'Named' ? fc.constantFrom('Toy', 'Part') : fc.constant(type);
  const fragment = depth > 0 ? fc.tuple(on, conditions).chain(([name, when]) => selection(name, depth - 1).map((sub) => `... on ${name}${when} { ${sub} }`)) : fc.constant('__typename');
  return fc.array(fc.oneof({ weight: 4, arbitrary: field }, { weight: 1, arbitrary: fragment }), { minLength: 1, maxLength: 4 }).map((all) => all.join(' '));
};

/** Rare: with one, graphql-js runs the query. */
const conditions = fc.oneof({ weight: 30, arbitrary: fc.constant('') }, { weight: 1, arbitrary: fc.constant(' @skip(if: $no)') });

const documents = selection('Query', 4).map((text) => `query ($yes: Boolean = true, $no: Boolean = false, $count: Int) { ${text} }`);
const variables = fc.record({ yes: fc.boolean(), count: fc.constantFrom(0, 1, 3, null) }, { requiredKeys: [] });

describe('a query that is compiled', () => {
  it('answers what graphql-js answers, errors and all', async () => {
    const seen = { compiled: 0, errors: 0 };
    await fc.assert(
      fc.asyncProperty(documents, variables, async (text, variableValues) => {
        const document = parse(text);
        fc.pre(validate(schema, document).length === 0);
        const queries = new CompiledQueries();
        const args = { schema, document, variableValues, contextValue: {} };
        for (let run = 1; run < 3; run++) expect(queries.run(args)).toBeUndefined();
        const result = await queries.run(args);
        if (!result) return; // graphql-js runs it
        const isPlaceSure = !text.includes('@'); // of a field that stands twice, the place that a directive leaves out is told too
        const expected = told(await execute(args), isPlaceSure);
        seen.compiled++;
        seen.errors += expected.errors.length;
        const answered = told(result, isPlaceSure);
        expect(answered.data).toEqual(expected.data);
        // Where an object becomes null, what else went wrong in it may be told or not.
        if (/lost|broken|never/.test(text)) expect(answered.errors.length > 0).toBe(expected.errors.length > 0);
        else expect(answered.errors).toEqual(expected.errors);
      }),
      { numRuns: 300 },
    );
    expect(seen.compiled).toBeGreaterThan(100);
    expect(seen.errors).toBeGreaterThan(50);
  });

  it('is left to graphql-js when its variables do not fit, and when a name is odd', async () => {
    const queries = new CompiledQueries();
    const misfit = { schema, document: parse('query ($count: Int) { toys(first: $count) { name } }'), variableValues: { count: 'many' } };
    const odd = { schema, document: parse('{ __proto__: toy { name } }'), variableValues: {} };
    for (let run = 0; run < 4; run++) {
      expect(queries.run(misfit)).toBeUndefined();
      expect(queries.run(odd)).toBeUndefined();
    }
    expect((await queries.execute(misfit)).errors?.[0]?.message).toContain('got invalid value "many"');
  });

  it('is never a mutation or a subscription', () => {
    const written = buildSchema('type Query { a: Int } type Mutation { a: Int }');
    const queries = new CompiledQueries();
    for (let run = 0; run < 4; run++) expect(queries.run({ schema: written, document: parse('mutation { a }') })).toBeUndefined();
  });
});

describe('the fourth answer of a gateway', () => {
  let gateway: ToyGateway;
  beforeAll(async () => (gateway = await ToyGateway.open()));
  afterAll(() => gateway.close());

  it.each([
    ['a list', '{ toys(first: 3) { edges { cursor node { id name } } pageInfo { hasNextPage endCursor } } }'],
    ['a refusal beside data', '{ openDoor broken(how: "refused") }'],
    ['an outage', '{ a: broken(how: "busy") b: broken(how: "down") }'],
    ['a bug', '{ broken(how: "secret") }'],
    ['nothing where something must be', '{ nothing }'],
    ['a room that is closed to the caller', '{ backRoom }'],
    ['a variable that fits not', 'query ($how: Int!) { broken(how: "x") toys(first: $how) { nodes { id } } }'],
    ['an argument that a rule refuses', '{ toys(first: 101) { nodes { id } } }'],
  ])('is the first: %s', async (_, query) => {
    const answers = [];
    for (let run = 0; run < 4; run++) answers.push(await gateway.ask(query));
    const seen = answers.map(({ status, headers, data, errors }) => {
      const told = errors.map(({ extensions, ...error }) => ({ ...error, ...extensions, correlationId: 'another each time' }));
      return { status, data, told, cache: headers.get('cache-control'), retry: headers.get('retry-after') };
    });
    expect(seen[3]).toEqual(seen[0]);
    expect(seen[0]?.cache).toBe('no-store');
  });
});

/** Which of two errors came first depends on timing; a field that stands twice is named twice where it breaks the schema, which clients never see. */
function told({ data, errors = [] }: ExecutionResult, withPlace: boolean) {
  const shown = errors.map(({ message, path, locations, originalError, extensions }: GraphQLError) => ({ message: message.replace(/\((\w+)(,\w+)+\)/, '$1'), path, locations: withPlace && locations, extensions, cause: originalError?.name === 'Refused' }));
  return { data: JSON.parse(JSON.stringify(data)) as unknown, errors: shown.toSorted((a, b) => JSON.stringify(a.path).localeCompare(JSON.stringify(b.path))) };
}

function withResolvers(built: GraphQLSchema, resolvers: Readonly<Record<string, Readonly<Record<string, (args: never) => unknown>>>>): GraphQLSchema {
  for (const [type, own] of Object.entries(resolvers)) {
    const known = (built.getType(type) as GraphQLObjectType).getFields();
    for (const [name, resolve] of Object.entries(own)) known[name]!.resolve = (_source, args) => resolve(args as never);
  }
  return built;
}

function later<Value>(make: () => Value): () => Promise<Value> {
  return async () => {
    await Promise.resolve();
    return make();
  };
}

function thrown(): never {
  throw Object.assign(new Error('It is broken.'), { name: 'Refused', extensions: { code: 'BROKEN' } });
}

const hash = (text: string) => [...text].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) | 0, 7);
