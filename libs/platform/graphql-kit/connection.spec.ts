import { ToyGateway } from '../testing/toy-gateway.js';
import { connect, ConnectionArgs, decodeCursor, encodeCursor, page } from './connection.js';
import { InvalidCursor, InvalidInput } from './refusals.js';

const args = (values: Partial<ConnectionArgs>) => Object.assign(new ConnectionArgs(), values);

describe('a cursor', () => {
  it.each([[['a']], [[1, 'b']], [['2025-01-01T12:00:00.000Z', '0190a000']], [['ü"\\', 0]]])('comes back as it went: %j', (place) => {
    expect(decodeCursor(encodeCursor(place), place.length)).toEqual(place);
  });

  it.each([
    ['nothing', ''],
    ['no base64', '???'],
    ['no JSON', Buffer.from('x').toString('base64url')],
    ['no list', Buffer.from('{"a":1}').toString('base64url')],
    ['too few values', encodeCursor(['a'])],
    ['too many values', encodeCursor(['a', 'b', 'c'])],
    ['a value that is a list', Buffer.from('["a",["b"]]').toString('base64url')],
    ['null', Buffer.from('["a",null]').toString('base64url')],
    ['NUL', encodeCursor(['a', '\0'])],
    ['half a surrogate pair', Buffer.from('["a","\\ud800"]').toString('base64url')],
    ['spaces between', Buffer.from('["a", "b"]').toString('base64url')],
    ['something behind', `${encodeCursor(['a', 'b'])}AA`],
  ])('is refused when it is %s', (_, cursor) => {
    expect(() => decodeCursor(cursor, 2)).toThrow(InvalidCursor);
  });
});

describe('a page', () => {
  it('asks for one row more than it shows', () => {
    expect(page(args({}), 1)).toEqual({ limit: 51, isBackward: false, after: undefined, before: undefined });
    expect(page(args({ first: 100, after: encodeCursor(['x']) }), 1)).toMatchObject({ limit: 101, after: ['x'] });
    expect(page(args({ last: 2, before: encodeCursor(['x']) }), 1)).toMatchObject({ limit: 3, isBackward: true, before: ['x'] });
  });

  it('goes one way', () => {
    expect(() => page(args({ first: 1, last: 1 }), 1)).toThrow(InvalidInput);
  });

  it('knows whether more lies ahead and behind', () => {
    const rows = ['a', 'b', 'c'];
    const place = (row: string) => [row];
    expect(connect(rows, args({ first: 2 }), place)).toMatchObject({ nodes: ['a', 'b'], pageInfo: { hasNextPage: true, hasPreviousPage: false, endCursor: encodeCursor(['b']) } });
    expect(connect(rows, args({ first: 3, after: 'x' }), place).pageInfo).toMatchObject({ hasNextPage: false, hasPreviousPage: true });
    expect(connect(['c', 'b', 'a'], args({ last: 2 }), place)).toMatchObject({ nodes: ['b', 'c'], pageInfo: { hasNextPage: false, hasPreviousPage: true } });
    expect(connect([], args({}), place)).toEqual({ edges: [], nodes: [], pageInfo: { hasNextPage: false, hasPreviousPage: false, startCursor: null, endCursor: null } });
  });
});

describe('a connection over the wire', () => {
  let gateway: ToyGateway;
  beforeAll(async () => (gateway = await ToyGateway.open()));
  afterAll(() => gateway.close());

  type Toys = { toys: { nodes: { id: string }[]; pageInfo: { hasNextPage: boolean; hasPreviousPage: boolean; endCursor: string; startCursor: string } } };
  const query = 'query ($first: Int, $after: String, $last: Int, $before: String) { toys(first: $first, after: $after, last: $last, before: $before) { nodes { id } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }';
  const ask = async (variables: Record<string, unknown>) => (await gateway.ask(query, variables)).data as unknown as Toys;

  it('shows each row once, forwards and backwards', async () => {
    const forwards: string[] = [];
    for (let after: string | undefined, more = true; more; ) {
      const { nodes, pageInfo } = (await ask({ first: 50, after })).toys;
      forwards.push(...nodes.map(({ id }) => id));
      [after, more] = [pageInfo.endCursor, pageInfo.hasNextPage];
    }
    const backwards: string[] = [];
    for (let before: string | undefined, more = true; more; ) {
      const { nodes, pageInfo } = (await ask({ last: 50, before })).toys;
      backwards.unshift(...nodes.map(({ id }) => id));
      [before, more] = [pageInfo.startCursor, pageInfo.hasPreviousPage];
    }
    expect(forwards).toHaveLength(120);
    expect(new Set(forwards).size).toBe(120);
    expect(backwards).toEqual(forwards);
  });

  it('is 50 long unless it is told, and at most 100', async () => {
    expect((await ask({})).toys.nodes).toHaveLength(50);
    expect((await ask({ first: 100 })).toys.nodes).toHaveLength(100);
    for (const variables of [{ first: 101 }, { first: 0 }, { first: -1 }, { last: 101 }, { first: 1, last: 1 }]) {
      expect((await gateway.ask(query, variables)).errors[0]?.extensions.code).toBe('INVALID_INPUT');
    }
  });

  it('refuses a cursor that it did not give', async () => {
    expect((await gateway.ask(query, { after: 'eyJ4IjoxfQ' })).errors[0]?.extensions).toMatchObject({ code: 'INVALID_CURSOR', kind: 'invalid' });
  });
});
