import { request as httpRequest } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { answerOf, caller, ToyGateway, tokenOf } from '../../testing/toy-gateway.js';
import { ended } from '../../testing/toy.resolver.js';
import { LiveConnections } from './live-connections.js';

const FOREVER = 'subscription { forever }';

let gateway: ToyGateway;
beforeAll(async () => (gateway = await ToyGateway.open()));
afterAll(() => gateway.close());

const isEmpty = () => until(() => gateway.app.get(LiveConnections).size === 0);
afterEach(isEmpty);

describe('an event stream', () => {
  it('carries a subscription to its end, past every proxy', async () => {
    const response = await gateway.stream('subscription { count(to: 2) }');
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/event-stream; charset=utf-8']);
    expect(response.headers.get('cache-control')).toBe('no-cache, no-transform');
    expect(response.headers.get('x-accel-buffering')).toBe('no');
    expect(events(await response.text())).toEqual([
      { event: 'next', data: { data: { count: '1' } } },
      { event: 'next', data: { data: { count: '2' } } },
      { event: 'complete' },
    ]);
  });

  it('knows its caller, and carries queries too', async () => {
    const { tenantId, personId } = caller();
    expect(events(await (await gateway.stream('{ whoAmI }')).text())[0]?.data).toEqual({ data: { whoAmI: `${tenantId}/${personId}` } });
  });

  it('lets its source go at once when the reader leaves', async () => {
    const before = ended.forever;
    const response = await gateway.stream(FOREVER);
    await response.body?.cancel();
    await until(() => ended.forever === before + 1);
  });

  it.each([
    ['a document that breaks off', 'subscription {', 'GRAPHQL_PARSE_FAILED'],
    ['an unknown field', 'subscription { unknown }', 'GRAPHQL_VALIDATION_FAILED'],
    ['a variable that is missing', 'subscription ($to: Int!) { count(to: $to) }', 'BAD_USER_INPUT'],
    ['eleven root fields', `{ ${'openDoor '.repeat(11)} }`, 'GRAPHQL_VALIDATION_FAILED'],
    ['a page of pages', '{ toys(first: 100) { nodes { friends(first: 100) { nodes { id } } } } }', 'QUERY_TOO_COMPLEX'],
  ])('refuses %s in the stream', async (_, query, code) => {
    const [next, complete] = events(await (await gateway.stream(query)).text());
    expect(next?.data).toMatchObject({ errors: [{ extensions: { code, kind: 'invalid', hint: expect.any(String) as unknown, correlationId: expect.any(String) as unknown, details: expect.any(Object) as unknown } }] });
    expect(complete).toEqual({ event: 'complete' });
  });

  it('says nothing of a source that breaks', async () => {
    const text = await (await gateway.stream('subscription { breaking }')).text();
    expect(events(text).map(({ data }) => data)).toMatchObject([{ data: { breaking: 'one' } }, { errors: [{ extensions: { code: 'INTERNAL', kind: 'internal' } }] }, undefined as never]);
    expect(text).not.toMatch(/select|srv|toy\.ts/);
  });

  it('ends with its access token, and says so', async () => {
    const authorization = `Bearer ${await tokenOf(caller({ expiresAt: new Date(Date.now() + 300) }))}`;
    const [, next, complete] = events(await (await gateway.stream(FOREVER, {}, { authorization })).text());
    expect(next?.data).toMatchObject({ errors: [{ extensions: { code: 'UNAUTHENTICATED', details: { reason: 'expired' } } }] });
    expect(complete).toEqual({ event: 'complete' });
  });

  it('waits for a reader that is slow, and keeps nothing for it', async () => {
    const token = await tokenOf();
    const before = process.memoryUsage().rss;
    const request = httpRequest(`${gateway.url}/graphql/stream`, { method: 'POST', headers: { 'content-type': 'application/json', accept: 'text/event-stream', authorization: `Bearer ${token}` } });
    request.end(JSON.stringify({ query: 'subscription { count(to: 100000, size: 100000) }' }));
    const response = await new Promise<NodeJS.ReadableStream>((resolve) => request.once('response', resolve));
    response.pause();
    await sleep(1_000);
    expect((process.memoryUsage().rss - before) / 1_024 ** 2).toBeLessThan(64);
    expect((await gateway.ask('{ openDoor }')).data).toEqual({ openDoor: 'open' });
    request.destroy();
  });
});

describe('who may open an event stream', () => {
  it.each([
    ['nobody without a token', { authorization: '' }, 401, 'UNAUTHENTICATED'],
    ['nobody with a token of another', { authorization: 'Bearer eyJhbGciOiJIUzI1NiJ9.e30.AAAA' }, 401, 'UNAUTHENTICATED'],
    ['nobody with a form', { 'content-type': 'text/plain' }, 400, 'BAD_REQUEST'],
    ['nobody who wants no stream', { accept: 'application/json' }, 400, 'BAD_REQUEST'],
  ])('%s', async (_, headers, status, code) => {
    const answer = await answerOf(await gateway.stream(FOREVER, {}, headers));
    expect([answer.status, answer.errors[0]?.extensions.code]).toEqual([status, code]);
  });

  it('nobody by another method', async () => {
    for (const method of ['GET', 'PUT', 'DELETE']) {
      const response = await fetch(`${gateway.url}/graphql/stream?token=x`, { method, headers: { accept: 'text/event-stream', authorization: `Bearer ${await tokenOf()}` } });
      expect(response.status).toBe(400);
    }
  });

  it('a person twenty times; the next is refused, another person is not', async () => {
    const responses = await Promise.all(Array.from({ length: 20 }, () => gateway.stream(FOREVER)));
    const next = await answerOf(await gateway.stream(FOREVER));
    const other = await gateway.stream('{ openDoor }', {}, { authorization: `Bearer ${await tokenOf(caller({ personId: '0190a000-0000-7000-8000-0000000000ff' }))}` });
    expect([next.status, next.errors[0]?.extensions]).toMatchObject([429, { code: 'TOO_MANY_CONNECTIONS', kind: 'limit', details: { max: 20 } }]);
    expect(other.status).toBe(200);
    await Promise.all([other.text(), ...responses.map((response) => response.body?.cancel())]);
  });
});

describe('a stop', () => {
  it('tells a stream to come back and resume, within its time', async () => {
    const stopping = await ToyGateway.open({ PARLEY_GATEWAY_DRAIN_MS: 200 });
    const response = await stopping.stream(FOREVER);
    const startedAt = performance.now();
    const [text] = await Promise.all([response.text(), stopping.close()]);
    expect(text).toContain('retry: 1000\n\n');
    expect(events(text)[1]?.data).toMatchObject({ errors: [{ extensions: { code: 'SERVER_STOPPING', kind: 'unavailable', details: { retryAfterMs: 1_000 } } }] });
    expect(performance.now() - startedAt).toBeLessThan(5_000);
  });
});

/** The events of a stream, without its comments and settings. */
function events(text: string): { event: string; data?: unknown }[] {
  return text.split('\n\n').filter((block) => block.startsWith('event: ')).map((block) => {
    const [event = '', data = ''] = block.split('\n').map((line) => line.replace(/^\w+: ?/, ''));
    return { event, ...(data && { data: JSON.parse(data) as unknown }) };
  });
}

async function until(holds: () => boolean): Promise<void> {
  for (let n = 0; n < 400 && !holds(); n++) await sleep(20);
  expect(holds()).toBe(true);
}
