import { performance } from 'node:perf_hooks';
import { ToyGateway, tokenOf } from '../../testing/toy-gateway.js';

let gateway: ToyGateway;
beforeAll(async () => (gateway = await ToyGateway.open()));
afterAll(() => gateway.close());

const times = (count: number, one: (index: number) => string) => Array.from({ length: count }, (_, index) => one(index)).join(' ');
/** `levels` fields within each other. */
const nested = (levels: number): string => (levels === 1 ? 'id' : `friend { ${nested(levels - 1)} }`);

interface Limit {
  readonly name: string;
  /** Documents that are just within. */
  readonly within: Readonly<Record<string, string>>;
  /** One more of it. */
  readonly beyond: Readonly<Record<string, string>>;
}

const limits: readonly Limit[] = [
  {
    name: 'levels of fields',
    within: {
      plain: `{ toy { ${nested(9)} } }`,
      'in a fragment': `{ toy { ...deep } } fragment deep on Toy { ${nested(9)} }`,
      'in fragments of fragments': `{ toy { ...a } } fragment a on Toy { friend { ...b } } fragment b on Toy { ${nested(8)} }`,
    },
    beyond: {
      plain: `{ toy { ${nested(10)} } }`,
      'in a fragment': `{ toy { ...deep } } fragment deep on Toy { ${nested(10)} }`,
      'in a fragment named __schema': `{ toy { ...__schema } } fragment __schema on Toy { ${nested(10)} }`,
      'under an alias named __schema': `{ __schema: toy { ${nested(10)} } }`,
      'in fragments of fragments': `{ toy { ...a } } fragment a on Toy { friend { ...b } } fragment b on Toy { ${nested(9)} }`,
      'in an inline fragment': `{ toy { ... on Toy { ${nested(10)} } } }`,
    },
  },
  {
    name: 'aliases',
    within: {
      plain: `{ toy { ${times(15, (index) => `a${index}: id`)} } }`,
      'in a fragment that is spread three times': `{ toy { ...five friend { ...five friend { ...five } } } } fragment five on Toy { ${times(5, (index) => `a${index}: id`)} }`,
    },
    beyond: {
      plain: `{ toy { ${times(16, (index) => `a${index}: id`)} } }`,
      'of __typename': `{ toy { ${times(16, (index) => `a${index}: __typename`)} } }`,
      'in a fragment that is spread three times': `{ toy { one: id ...five friend { ...five friend { ...five } } } } fragment five on Toy { ${times(5, (index) => `a${index}: id`)} }`,
    },
  },
  {
    name: 'directives',
    within: { plain: `{ toy { ${times(5, () => 'id @include(if: true)')} } }` },
    beyond: {
      plain: `{ toy { ${times(6, () => 'id @include(if: true)')} } }`,
      'in fragments': `{ toy { ...a @include(if: true) ...a @skip(if: false) } } fragment a on Toy { id @include(if: true) name @include(if: true) }`,
    },
  },
  {
    name: 'root fields',
    within: { plain: `{ ${times(10, () => 'openDoor')} }` },
    beyond: {
      plain: `{ ${times(11, () => 'openDoor')} }`,
      'in a fragment': `{ openDoor ...five ...five } fragment five on Query { ${times(5, () => 'openDoor')} }`,
    },
  },
];

describe.each(limits)('the limit of $name', ({ within, beyond }) => {
  it.each(Object.entries(within))('lets through what is just within: %s', async (_, query) => {
    expect((await gateway.ask(query)).errors).toEqual([]);
  });

  it.each(Object.entries(beyond))('refuses one more: %s', async (_, query) => {
    const { status, errors, data } = await gateway.ask(query);
    expect(status).toBe(400);
    expect(data).toBeUndefined();
    expect(errors.map(({ extensions }) => extensions)).toContainEqual(expect.objectContaining({ code: 'GRAPHQL_VALIDATION_FAILED', kind: 'invalid' }));
    expect(errors.map(({ message }) => message).join()).toContain('exceeds the limit of');
  });
});

describe('the limit of tokens', () => {
  /** A list of strings as an argument: long, and cheap to validate. */
  const document = (tokens: number) => `{ count(words: [${times(tokens - 9, () => '"x"')}]) }`;

  it('lets 1,000 through and refuses 1,001, as a mistake of the client', async () => {
    const within = await gateway.ask(document(1_000));
    const beyond = await gateway.ask(document(1_001));
    const socket = await gateway.signedIn();
    socket.subscribe('within', document(1_000));
    socket.subscribe('beyond', document(1_001));
    const sent = [await socket.next('next', 'within'), await socket.next('error', 'beyond')];
    socket.socket.close();
    expect(within.errors).toEqual([]);
    expect([beyond.status, beyond.errors[0]?.extensions.code]).toEqual([400, 'GRAPHQL_PARSE_FAILED']);
    expect(sent[0]?.payload).toEqual({ data: { count: 991 } });
    expect(sent[1]?.payload).toEqual([expect.objectContaining({ extensions: expect.objectContaining({ code: 'GRAPHQL_PARSE_FAILED' }) as unknown })]);
  });
});

describe('the limit of cost', () => {
  /** A page of `first` toys costs 1 + first × (nodes 1 + fields). */
  const page = (first: number, fields: number) => `query ($first: Int) { toys(first: $first) { nodes { ${times(fields, (index) => (index < 12 ? `a${index}: id` : 'id'))} } } }`;

  it('lets just within through, weighs pages by their length, and refuses one more', async () => {
    const exact = await ToyGateway.open({ PARLEY_GATEWAY_COST_MAX: 1 + 100 * 11 });
    const within = await exact.ask(page(100, 10), { first: 100 });
    const beyond = await exact.ask(page(100, 11), { first: 100 });
    const shorter = await exact.ask(page(100, 11), { first: 90 });
    await exact.close();
    expect(within.errors).toEqual([]);
    expect(shorter.errors).toEqual([]);
    expect(beyond.status).toBe(400);
    expect(beyond.errors[0]?.extensions).toMatchObject({ code: 'QUERY_TOO_COMPLEX', kind: 'invalid', details: { cost: 1_201, max: 1_101 } });
  });

  it('is that of the run, not of the run before with other variables', async () => {
    const exact = await ToyGateway.open({ PARLEY_GATEWAY_COST_MAX: 100 });
    const query = 'query ($first: Int = 90, $long: Boolean = false) { toys(first: $first) { nodes { id } } all: toys(first: 100) @include(if: $long) { nodes { id } } }';
    const statuses = [];
    for (const variables of [{ first: 10 }, {}, { first: 10 }, { first: 90 }, { first: 10, long: true }, { first: 10, long: false }, { first: 'many' }]) statuses.push((await exact.ask(query, variables)).status);
    await exact.close();
    expect(statuses).toEqual([200, 400, 200, 400, 400, 200, 400]);
  });

  it('multiplies pages within pages, in fragments too', async () => {
    const query = '{ toys(first: 100) { nodes { ...Friends } } } fragment Friends on Toy { friends(first: 100) { nodes { id } } }';
    expect((await gateway.ask(query)).errors[0]?.extensions).toMatchObject({ code: 'QUERY_TOO_COMPLEX' });
  });

  it('is not lowered by a negative length', async () => {
    const query = '{ a: toys(first: -100) { nodes { id } } b: toys(first: 100) { nodes { friends(first: 100) { nodes { id } } } } }';
    expect((await gateway.ask(query)).errors[0]?.extensions).toMatchObject({ code: 'QUERY_TOO_COMPLEX' });
  });
});

describe('a document that expands without end', () => {
  const bomb = (levels: number) =>
    `{ toy { ...f0 ...f0 } } ${times(levels, (index) => `fragment f${index} on Toy { ...f${index + 1} ...f${index + 1} }`)} fragment f${levels} on Toy { id }`;

  it.each([['fifty fragments that spread each other twice', bomb(50)], ['a field 990 times', `{ toy { ${times(990, () => 'id')} } }`]])('is answered in no time: %s', async (_, query) => {
    await gateway.ask(query);
    const before = process.cpuUsage();
    await gateway.ask(`${query} `);
    const { user, system } = process.cpuUsage(before);
    expect((user + system) / 1_000).toBeLessThan(100); // of both ends; the machine may be busy
  });

  it('is refused', async () => {
    expect((await gateway.ask(bomb(50))).errors.map(({ message }) => message)).toContain('The operation exceeds the limit of 2000 fields.');
  });

  it('is refused when its fragments go in a circle', async () => {
    const startedAt = performance.now();
    const { status } = await gateway.ask('{ toy { ...a } } fragment a on Toy { ...b } fragment b on Toy { ...a }');
    expect(status).toBe(400);
    expect(performance.now() - startedAt).toBeLessThan(2_000);
  });
});

describe('a body', () => {
  const bodyOf = (bytes: number) => {
    const start = '{"query":"{ openDoor }","pad":"';
    return `${start}${'x'.repeat(bytes - start.length - 2)}"}`;
  };

  it('may be 256 KiB long and not a byte longer', async () => {
    const within = await gateway.post(bodyOf(256 * 1_024));
    const beyond = await gateway.post(bodyOf(256 * 1_024 + 1));
    expect(within.data).toEqual({ openDoor: 'open' });
    expect(beyond.status).toBe(413);
    expect(beyond.errors[0]?.extensions).toMatchObject({ code: 'BODY_TOO_LARGE', kind: 'invalid', details: { maxBytes: 262_144 } });
  });

  it.each([
    ['is broken JSON', '{"query":', {}],
    ['is a batch', '[{"query":"{ openDoor }"}]', {}],
    ['is empty', '', {}],
    ['holds no query', '{}', {}],
    ['holds a query that is no text', '{"query":7}', {}],
    ['is text/plain', '{"query":"{ openDoor }"}', { 'content-type': 'text/plain' }],
    ['is a form', 'query={openDoor}', { 'content-type': 'application/x-www-form-urlencoded' }],
    ['is multipart', '--x\r\n\r\n--x--', { 'content-type': 'multipart/form-data; boundary=x' }],
    ['has a charset that nobody knows', '{}', { 'content-type': 'application/json; charset=klingon' }],
  ])('that %s is refused with a code and no effect', async (_, body, headers) => {
    const { status, errors, data } = await gateway.post(body, headers);
    expect(status).toBe(400);
    expect(data).toBeUndefined();
    expect(errors[0]?.extensions).toMatchObject({ code: 'BAD_REQUEST', kind: 'invalid', hint: expect.any(String) as unknown, correlationId: expect.any(String) as unknown });
  });
});

describe('a GET', () => {
  const get = async (query: string, headers: Record<string, string>) =>
    fetch(`${gateway.url}/graphql?query=${encodeURIComponent(query)}`, { headers: { authorization: `Bearer ${await tokenOf()}`, ...headers } });
  const mutation = 'mutation { makeToy(input: { name: "x", boxId: "0190a000-0000-7000-8000-000000000001" }) { toyId } }';

  it('may query, when a browser would have asked first', async () => {
    expect(await (await get('{ openDoor }', { 'apollo-require-preflight': '1' })).json()).toEqual({ data: { openDoor: 'open' } });
    expect((await get('{ openDoor }', {})).status).toBe(400);
  });

  it('may not change anything', async () => {
    expect((await get(mutation, { 'apollo-require-preflight': '1' })).status).toBe(405);
  });
});

describe('the schema', () => {
  const introspection = '{ __schema { queryType { name } } }';
  const deep = `{ __schema { types { fields { type { ${'ofType { '.repeat(9)} name ${'}'.repeat(9)} } } } } }`;

  it('is shown outside production, however deep its types', async () => {
    expect((await gateway.ask(introspection)).errors).toEqual([]);
    expect((await gateway.ask(deep)).errors).toEqual([]);
  });

  it('is hidden in production, from introspection and from suggestions, on every transport', async () => {
    const production = await ToyGateway.open({ isSchemaShown: false, isExplorerShown: false });
    const shown = await production.ask(introspection);
    const misspelt = await production.ask('{ toyz { id } }');
    const streamed = await (await production.stream(introspection)).text();
    const suggested = await (await production.stream('{ toyz { id } }')).text();
    await production.close();
    expect([shown.status, shown.data]).toEqual([400, undefined]);
    expect(misspelt.errors[0]?.message).toBe('Cannot query field "toyz" on type "Query".');
    expect(streamed).toContain('GRAPHQL_VALIDATION_FAILED');
    expect(suggested).not.toContain('Did you mean');
  });
});
