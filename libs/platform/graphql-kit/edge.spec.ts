import { createHash } from 'node:crypto';
import { caller, ToyGateway, ToyWrites, tokenOf } from '../testing/toy-gateway.js';

let gateway: ToyGateway;
beforeAll(async () => (gateway = await ToyGateway.open()));
afterAll(() => gateway.close());

const boxId = '0190a000-0000-7000-8000-000000000005';
const make = 'mutation ($input: MakeToyInput!) { makeToy(input: $input) { toyId commandId correlationId } }';

describe('errors over the wire', () => {
  it.each([
    ['refused', { code: 'TOY_BROKEN', kind: 'conflict', hint: 'Take another one.', details: { part: 'wheel' } }],
    ['down', { code: 'UNAVAILABLE', kind: 'unavailable', details: { retryAfterMs: 1_000 } }],
    ['database', { code: 'INTERNAL', kind: 'internal', details: {} }],
    ['path', { code: 'INTERNAL', kind: 'internal', details: {} }],
  ])('have a code, a kind, a hint and a correlation id: %s', async (how, extensions) => {
    const { status, errors, text } = await gateway.ask(`{ broken(how: "${how}") }`, {}, { 'x-correlation-id': 'chain-7' });
    expect(status).toBe(200);
    expect(errors).toEqual([expect.objectContaining({ path: ['broken'], extensions: { hint: expect.any(String) as unknown, correlationId: 'chain-7', ...extensions } })]);
    expect(text).not.toMatch(/select|toys_pkey|10\.0\.0\.7|\/srv|TypeError|stack|Anna/);
  });

  it('mask what breaks the schema', async () => {
    expect((await gateway.ask('{ nothing }')).errors).toEqual([expect.objectContaining({ message: 'Something went wrong on our side.' })]);
  });

  it('say when to come again, as a header too', async () => {
    const { headers } = await gateway.ask('{ broken(how: "busy") }');
    expect(headers.get('retry-after')).toBe('2');
  });

  it('name each field of an input that is not valid, and not its value', async () => {
    const { errors } = await gateway.ask(make, { input: { name: 'a name that is too long', boxId: 'no uuid' } });
    expect(errors[0]?.extensions).toMatchObject({
      code: 'INVALID_INPUT',
      kind: 'invalid',
      details: { fields: [{ path: 'name', problems: ['name must be shorter than or equal to 10 characters'] }, { path: 'boxId', problems: ['boxId must be a UUID'] }] },
    });
  });

  it('refuse variables that do not fit', async () => {
    const { status, errors } = await gateway.ask(make, { input: { name: 7 } });
    expect([status, errors[0]?.extensions]).toMatchObject([400, { code: 'BAD_USER_INPUT', kind: 'invalid' }]);
  });

  it('send subscriptions to the transports that carry them', async () => {
    const { status, errors } = await gateway.ask('subscription { forever }');
    expect([status, errors[0]?.extensions.code]).toEqual([400, 'SUBSCRIPTION_NEEDS_STREAM']);
  });

  it('have the same shape where there is nothing', async () => {
    const response = await fetch(`${gateway.url}/nowhere/../etc/passwd`);
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: 'NOT_FOUND', kind: 'not-found' } }] });
    expect((await fetch(`${gateway.url}/%ff`)).status).toBe(404);
  });

  it('are logged once when somebody must look, without what a database quotes', async () => {
    const before = gateway.log.lines.length;
    await gateway.ask('{ broken(how: "database") }', {}, { 'x-correlation-id': 'chain-8' });
    const lines = gateway.log.lines.slice(before).filter(({ level }) => level === 'error');
    expect(lines).toEqual([expect.objectContaining({ message: 'request.failed', correlationId: 'chain-8', path: 'broken' })]);
    expect(JSON.stringify(gateway.log.lines)).not.toContain('Anna');
  });

  it('are not logged when they are expected', async () => {
    const before = gateway.log.lines.length;
    await gateway.ask('{ broken(how: "refused") }');
    expect(gateway.log.lines.slice(before).map(({ level }) => level)).not.toContain('error');
  });
});

describe('access', () => {
  it.each([
    ['no token', ''],
    ['another scheme', 'Basic YTpi'],
    ['a token that nobody signed', 'Bearer eyJhbGciOiJub25lIn0.eyJ0ZW5hbnRJZCI6IngifQ.'],
  ])('is refused to %s', async (_, authorization) => {
    const { errors, data } = await gateway.ask('{ whoAmI }', {}, { authorization });
    expect(data).toBeNull();
    expect(errors[0]?.extensions).toMatchObject({ code: 'UNAUTHENTICATED', kind: 'unauthenticated', hint: expect.stringContaining('Bearer') as unknown });
  });

  it('is refused to a token that has ended', async () => {
    const authorization = `Bearer ${await tokenOf(caller({ expiresAt: new Date(Date.now() - 5_000) }))}`;
    expect((await gateway.ask('{ whoAmI }', {}, { authorization })).errors[0]?.extensions.code).toBe('UNAUTHENTICATED');
  });

  it('is free where it is public', async () => {
    expect((await gateway.ask('{ openDoor }', {}, { authorization: '' })).data).toEqual({ openDoor: 'open' });
  });

  it('goes by role where one is required', async () => {
    const admin = { authorization: `Bearer ${await tokenOf(caller({ role: 'platform-admin' }))}` };
    expect((await gateway.ask('{ backRoom }', {}, admin)).data).toEqual({ backRoom: 'welcome' });
    expect((await gateway.ask('{ backRoom }')).errors[0]?.extensions).toMatchObject({ code: 'FORBIDDEN', kind: 'forbidden' });
  });

  it('lets an auditor ask, and change nothing', async () => {
    const headers = { authorization: `Bearer ${await tokenOf(caller({ role: 'auditor' }))}` };
    expect((await gateway.ask('{ whoAmI }', {}, headers)).errors).toEqual([]);
    expect((await gateway.ask(make, { input: { name: 'Bear', boxId } }, headers)).errors[0]?.extensions.code).toBe('FORBIDDEN');
  });

  it('stops one field, not its neighbours in other requests', async () => {
    const [own, other] = await Promise.all([gateway.ask('{ whoAmI }'), gateway.ask('{ whoAmI }', {}, { authorization: `Bearer ${await tokenOf(caller({ tenantId: boxId }))}` })]);
    expect([own.data, other.data]).toEqual([{ whoAmI: `${caller().tenantId}/${caller().personId}` }, { whoAmI: `${boxId}/${caller().personId}` }]);
  });
});

describe('a mutation as it arrives', () => {
  const made = async (input: Record<string, unknown>, headers: Record<string, string> = {}) =>
    (await gateway.ask(make, { input: { name: 'bear', boxId, ...input } }, headers)).data?.makeToy as { toyId: string; commandId: string; correlationId: string };

  it('gets the same ids when it is repeated with its key, in the input or as a header', async () => {
    expect(await made({ idempotencyKey: 'k-1' }, { 'x-correlation-id': 'a' })).toEqual(await made({ idempotencyKey: 'k-1' }, { 'x-correlation-id': 'a' }));
    const header = { 'idempotency-key': 'k-2', 'x-correlation-id': 'a' };
    expect(await made({}, header)).toEqual(await made({}, header));
  });

  it('is kept with a key that tells nothing of the client’s own, which may be words', async () => {
    const named = (text: string) => `key:${caller().personId}:${createHash('sha256').update(text).digest('base64url')}`;
    expect((await made({ idempotencyKey: 'k-1' })).commandId).toBe(named('k-1'));
    expect((await made({}, { 'idempotency-key': 'k-2' })).commandId).toBe(named('k-2/makeToy'));
  });

  it('is a new one without a key', async () => {
    const [first, second] = [await made({}), await made({})];
    expect(first.toyId).not.toBe(second.toyId);
    expect(first.commandId).not.toBe(second.commandId);
  });

  it('takes the id that the client chose', async () => {
    expect((await made({ toyId: boxId.toUpperCase() })).toyId).toBe(boxId);
  });

  it('does not mix up two people with the same key', async () => {
    const other = { authorization: `Bearer ${await tokenOf(caller({ personId: boxId }))}` };
    expect((await made({ idempotencyKey: 'k-3' })).toyId).not.toBe((await made({ idempotencyKey: 'k-3' }, other)).toyId);
  });

  it('does not mix up two mutations of one request', async () => {
    const two = `mutation { a: makeToy(input: { name: "a", boxId: "${boxId}" }) { toyId } b: makeToy(input: { name: "b", boxId: "${boxId}" }) { toyId } }`;
    const { data } = await gateway.ask(two, {}, { 'idempotency-key': 'k-4' });
    expect(data?.a).not.toEqual(data?.b);
  });

  it.each([['a'.repeat(100), true], ['a'.repeat(101), false], ['', false], ['with space', false], ['käse', false]])('takes 1 to 100 printable characters as a key: %s', async (idempotencyKey, isTaken) => {
    const { errors } = await gateway.ask(make, { input: { name: 'bear', boxId, idempotencyKey } });
    expect(errors.map(({ extensions }) => extensions.code)).toEqual(isTaken ? [] : ['IDEMPOTENCY_KEY_INVALID']);
  });
});

describe('reading one’s own write', () => {
  const waits = () => gateway.app.get(ToyWrites).waits.splice(0);

  it('waits for the token of a header or of an argument, once for all fields', async () => {
    await gateway.ask('{ toy { id } whoAmI }', {}, { 'parley-consistency-token': 'token-1' });
    await gateway.ask('{ toy(consistencyToken: "token-2") { id } }');
    expect(waits()).toEqual([{ token: 'token-1', tenantId: caller().tenantId }, { token: 'token-2', tenantId: caller().tenantId }]);
  });

  it('does not hold up a mutation, or a query without one', async () => {
    await gateway.ask(make, { input: { name: 'bear', boxId } }, { 'parley-consistency-token': 'token-3' });
    await gateway.ask('{ toy { id } }');
    expect(waits()).toEqual([]);
  });
});

describe('the headers of every answer', () => {
  it('name the request by its own id or a new one, and nothing that is malformed', async () => {
    const own = await gateway.ask('{ openDoor }', {}, { 'x-request-id': 'req-1' });
    const bad = await gateway.ask('{ openDoor }', {}, { 'x-request-id': 'a b"c' });
    expect([own.headers.get('x-request-id'), own.headers.get('x-correlation-id')]).toEqual(['req-1', 'req-1']);
    expect(bad.headers.get('x-request-id')).toMatch(/^[\da-f-]{36}$/);
  });

  it('protect a browser, and say nothing of what we run on', async () => {
    const { headers } = await gateway.ask('{ openDoor }');
    expect(headers.get('x-powered-by')).toBeNull();
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(headers.get('access-control-allow-origin')).toBeNull();
  });

  it('let listed origins read, no others', async () => {
    const open = await ToyGateway.open({ PARLEY_GATEWAY_ORIGINS: ['https://app.example.com'] });
    const listed = await open.ask('{ openDoor }', {}, { origin: 'https://app.example.com' });
    const foreign = await open.ask('{ openDoor }', {}, { origin: 'https://evil.example.com' });
    await open.close();
    expect(listed.headers.get('access-control-allow-origin')).toBe('https://app.example.com');
    expect(foreign.headers.get('access-control-allow-origin')).toBeNull();
  });
});

describe('a line in the log', () => {
  it('tells of each request who, what and how long, and never what was said', async () => {
    const before = gateway.log.lines.length;
    await gateway.ask(make, { input: { name: 'secret', boxId } }, { 'x-request-id': 'req-9' });
    await gateway.ask('{ openDoor }');
    const lines = gateway.log.lines.slice(before).filter(({ requestId }) => requestId === 'req-9');
    const common = { level: 'info', service: 'gateway', requestId: 'req-9', correlationId: 'req-9', userId: caller().personId, tenantId: caller().tenantId, duration_ms: expect.any(Number) as unknown, timestamp: expect.any(String) as unknown };
    expect(lines).toEqual([
      expect.objectContaining({ ...common, message: 'graphql.operation', type: 'mutation', field: 'makeToy', outcome: 'ok' }),
      expect.objectContaining({ ...common, message: 'http.request', method: 'POST', path: '/graphql', status: 200 }),
    ]);
    expect(gateway.log.text()).not.toMatch(/secret"|Bearer|eyJ/);
  });
});
