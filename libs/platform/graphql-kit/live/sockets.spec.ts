import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { caller, ToyGateway, tokenOf, type ToySocket } from '../../testing/toy-gateway.js';
import { ended } from '../../testing/toy.resolver.js';
import { LiveConnections } from './live-connections.js';
import { isKnownOrigin } from './socket.server.js';

const FOREVER = 'subscription { forever }';
const another = '0190a000-0000-7000-8000-0000000000ff';

let gateway: ToyGateway;
beforeAll(async () => (gateway = await ToyGateway.open({ PARLEY_GATEWAY_SOCKET_INIT_MS: 300, PARLEY_GATEWAY_SOCKET_PING_MS: 200, PARLEY_GATEWAY_ORIGINS: ['https://app.example.com'] })));
afterAll(() => gateway.close());

const sockets: ToySocket[] = [];
const signedIn = async (...args: Parameters<ToyGateway['signedIn']>) => {
  const socket = await gateway.signedIn(...args);
  sockets.push(socket);
  return socket;
};
afterEach(async () => {
  await Promise.all(sockets.splice(0).map(({ socket, closed }) => (socket.close(), closed)));
});

describe('a WebSocket', () => {
  it('streams a subscription to its end', async () => {
    const socket = await signedIn();
    socket.subscribe('a', 'subscription { count(to: 2) }');
    expect([await socket.next('next'), await socket.next('next'), await socket.next('complete')]).toEqual([
      { id: 'a', type: 'next', payload: { data: { count: '1' } } },
      { id: 'a', type: 'next', payload: { data: { count: '2' } } },
      { id: 'a', type: 'complete' },
    ]);
  });

  it('knows its caller at each operation, as HTTP does', async () => {
    const socket = await signedIn(caller({ personId: another }));
    socket.subscribe('a', '{ whoAmI }');
    expect((await socket.next('next')).payload).toEqual({ data: { whoAmI: `${caller().tenantId}/${another}` } });
  });

  it('lets a source go at once when its reader leaves', async () => {
    const before = ended.forever;
    const socket = await signedIn();
    socket.subscribe('a', FOREVER);
    socket.subscribe('b', FOREVER);
    await Promise.all([socket.next('next', 'a'), socket.next('next', 'b')]);
    socket.send({ id: 'a', type: 'complete' });
    await until(() => ended.forever === before + 1);
    socket.socket.terminate();
    await until(() => ended.forever === before + 2);
  });

  it.each([
    ['a document that breaks off', 'subscription {', 'GRAPHQL_PARSE_FAILED'],
    ['an unknown field', 'subscription { unknown }', 'GRAPHQL_VALIDATION_FAILED'],
    ['a variable that is missing', 'subscription ($to: Int!) { count(to: $to) }', 'BAD_USER_INPUT'],
    ['two operations and no name', 'query A { openDoor } query B { openDoor }', 'OPERATION_RESOLUTION_FAILURE'],
    ['eleven levels', `{ toy { ${'friend { '.repeat(9)} id ${'}'.repeat(9)} } }`, 'GRAPHQL_VALIDATION_FAILED'],
    ['a page of pages', '{ toys(first: 100) { nodes { friends(first: 100) { nodes { id } } } } }', 'QUERY_TOO_COMPLEX'],
  ])('refuses %s, and goes on', async (_, query, code) => {
    const socket = await signedIn();
    socket.subscribe('bad', query);
    const { payload } = await socket.next('error', 'bad');
    expect(payload).toEqual([expect.objectContaining({ extensions: expect.objectContaining({ code, kind: 'invalid', hint: expect.any(String) as unknown, correlationId: expect.any(String) as unknown }) as unknown })]);
    socket.subscribe('good', '{ openDoor }');
    expect((await socket.next('next', 'good')).payload).toEqual({ data: { openDoor: 'open' } });
  });

  it('says nothing of a source that breaks', async () => {
    const socket = await signedIn();
    socket.subscribe('a', 'subscription { breaking }');
    const { payload } = await socket.next('error');
    expect(payload).toEqual([expect.objectContaining({ message: 'Something went wrong on our side.', extensions: expect.objectContaining({ code: 'INTERNAL' }) as unknown })]);
    expect(JSON.stringify([payload, socket.messages])).not.toMatch(/select|srv|toy\.ts/);
  });

  it('says what is wrong in a result by code', async () => {
    const socket = await signedIn();
    socket.subscribe('a', '{ broken(how: "refused") }');
    expect(await socket.next('next')).toMatchObject({ payload: { data: null, errors: [{ path: ['broken'], extensions: { code: 'TOY_BROKEN', details: { part: 'wheel' } } }] } });
  });
});

describe('who may open a WebSocket', () => {
  it.each([
    ['no token', {}],
    ['a token of somebody else', { authorization: 'Bearer eyJhbGciOiJIUzI1NiJ9.e30.AAAA' }],
    ['a token without its scheme', { authorization: 'abc' }],
    ['no text', { authorization: 7 }],
  ])('not one who brings %s', async (_, payload) => {
    const socket = gateway.socket();
    await socket.opened;
    socket.send({ type: 'connection_init', payload });
    expect(await socket.closed).toEqual({ code: 4401, reason: 'Unauthorized' });
  });

  it('a program that sends its token as a header', async () => {
    const socket = gateway.socket({ authorization: `Bearer ${await tokenOf()}` });
    await socket.opened;
    socket.send({ type: 'connection_init' });
    await socket.next('connection_ack');
    socket.socket.close();
    await socket.closed;
  });

  it('not one who says nothing within the time', async () => {
    const socket = gateway.socket();
    await socket.opened;
    expect((await socket.closed).code).toBe(4408);
  });

  it('not one who subscribes before', async () => {
    const socket = gateway.socket();
    await socket.opened;
    socket.subscribe('a', '{ openDoor }');
    expect((await socket.closed).code).toBe(4401);
  });

  it('not one of a foreign origin, at another path, or of another protocol', async () => {
    await expect(gateway.socket({ origin: 'https://evil.example.com' }).opened).rejects.toThrow('403');
    await expect(gateway.socket({ origin: 'null' }).opened).rejects.toThrow('403');
    const elsewhere = new WebSocket(`${gateway.url.replace('http', 'ws')}/elsewhere`);
    await expect(new Promise((_, reject) => elsewhere.once('error', reject))).rejects.toThrow('404');
    const old = new WebSocket(`${gateway.url.replace('http', 'ws')}/graphql`);
    expect(await new Promise((resolve) => old.once('close', resolve))).toBe(4406);
  });

  it('a page of ours or of a listed origin', async () => {
    for (const origin of [gateway.url, 'https://app.example.com']) {
      const socket = gateway.socket({ origin });
      await socket.opened;
      socket.socket.terminate();
      await socket.closed;
    }
    expect(isKnownOrigin('https://app.example.com.evil.org', 'parley.example', ['https://app.example.com'])).toBe(false);
    expect(isKnownOrigin('https://parley.example', 'parley.example', [])).toBe(true);
  });
});

describe('what one WebSocket may do', () => {
  it('runs 20 operations at once; the 21st is refused, and may come when one has ended', async () => {
    const socket = await signedIn();
    for (let n = 1; n <= 10; n++) socket.subscribe(`${n}`, FOREVER);
    await sleep(1_050); // 20 messages a second
    for (let n = 11; n <= 21; n++) socket.subscribe(`${n}`, FOREVER);
    expect(await socket.next('error')).toMatchObject({ id: '21', payload: [{ extensions: { code: 'TOO_MANY_OPERATIONS', kind: 'limit', details: { max: 20 } } }] });
    for (let n = 1; n <= 20; n++) await socket.next('next', `${n}`);
    socket.send({ id: '1', type: 'complete' });
    socket.subscribe('22', FOREVER);
    await socket.next('next', '22');
  });

  it('sends 20 messages a second; one more closes it', async () => {
    const socket = await signedIn();
    for (let n = 1; n <= 20; n++) socket.send({ type: 'ping' });
    for (let n = 1; n <= 20; n++) await socket.next('pong');
    socket.send({ type: 'ping' });
    expect(await socket.closed).toEqual({ code: 4429, reason: 'Too many messages' });
  });

  it('sends 20 control frames a second; one more closes it', async () => {
    const socket = await signedIn();
    for (let n = 1; n <= 21; n++) socket.socket.ping();
    expect((await socket.closed).code).toBe(4429);
  });

  it('sends messages of 64 KiB; a byte more closes it', async () => {
    const framed = (bytes: number) => {
      const [head, tail] = ['{"type":"ping","payload":{"pad":"', '"}}'];
      return `${head}${'x'.repeat(bytes - head.length - tail.length)}${tail}`;
    };
    const socket = await signedIn();
    socket.socket.send(framed(64 * 1_024));
    await socket.next('pong');
    socket.socket.send(framed(64 * 1_024 + 1));
    expect((await socket.closed).code).toBe(1009);
  });

  it('sends no 20 MiB before it has said who it is', async () => {
    const socket = gateway.socket();
    await socket.opened;
    socket.socket.send('x'.repeat(20 * 1_024 * 1_024), () => undefined);
    expect((await socket.closed).code).toBe(1009);
  });

  it.each([['no JSON', 'hello'], ['no message', '{}'], ['an unknown type', '{"type":"dance"}'], ['no query', '{"id":"a","type":"subscribe","payload":{}}']])('sends sense: %s closes it', async (_, text) => {
    const socket = await signedIn();
    socket.socket.send(text);
    expect(await socket.closed).toEqual({ code: 4400, reason: 'Invalid message received' });
  });

  it('compresses nothing', async () => {
    const socket = await signedIn();
    expect(socket.socket.extensions).toBe('');
  });
});

describe('how many WebSockets a person may hold', () => {
  it('ten; the eleventh is closed, another person is not', async () => {
    for (let n = 1; n <= 10; n++) await signedIn();
    const eleventh = gateway.socket();
    await eleventh.opened;
    eleventh.send({ type: 'connection_init', payload: { authorization: `Bearer ${await tokenOf()}` } });
    expect(await eleventh.closed).toEqual({ code: 4429, reason: 'You have too many open connections.' });
    await signedIn(caller({ personId: another }));
  });

  it('ten at a time: a closed one leaves its place', async () => {
    for (let n = 1; n <= 12; n++) {
      const socket = await gateway.signedIn();
      socket.socket.close();
      await socket.closed;
    }
  });
});

describe('the life of a WebSocket', () => {
  it('ends with its access token', async () => {
    const socket = await signedIn(caller({ expiresAt: new Date(Date.now() + 400) }));
    socket.subscribe('a', FOREVER);
    await socket.next('next');
    expect(await socket.closed).toEqual({ code: 4403, reason: 'You are not signed in.' });
  });

  it('ends when its session does, and no other with it', async () => {
    const [left, kept] = [await signedIn(), await signedIn(caller({ sessionId: another }))];
    gateway.app.get(LiveConnections).endWhere(({ sessionId }) => sessionId === caller().sessionId);
    expect((await left.closed).code).toBe(4403);
    expect(kept.socket.readyState).toBe(WebSocket.OPEN);
  });

  it('ends when nobody answers pings any more', async () => {
    const socket = await signedIn();
    (socket.socket as unknown as { _socket: { pause(): void } })._socket.pause(); // a client whose process hangs
    const count = () => gateway.app.get(LiveConnections).size;
    await until(() => count() === 0);
    socket.socket.terminate();
  });
});

describe('a client that does not read', () => {
  it('is closed, keeps memory flat, and does not hold up others', async () => {
    const patient = await ToyGateway.open({ PARLEY_GATEWAY_SEND_BUFFER_MAX_BYTES: 64 * 1_024, PARLEY_GATEWAY_SOCKET_PING_MS: 60_000 });
    const slow = await patient.signedIn();
    (slow.socket as unknown as { _socket: { pause(): void } })._socket.pause();
    for (let n = 1; n <= 20; n++) slow.subscribe(`${n}`, 'subscription { count(to: 100000, size: 100000) }');
    const before = process.memoryUsage().rss;
    await until(() => patient.app.get(LiveConnections).size === 0);
    const quick = await patient.signedIn();
    quick.subscribe('a', 'subscription { count(to: 3) }');
    await quick.next('complete');
    expect((process.memoryUsage().rss - before) / 1_024 ** 2).toBeLessThan(64);
    slow.socket.terminate();
    quick.socket.close();
    await patient.close();
  });
});

describe('a stop', () => {
  it('lets a subscription end, tells the others to come back elsewhere, and takes no more', async () => {
    const stopping = await ToyGateway.open({ PARLEY_GATEWAY_DRAIN_MS: 600 });
    const [idle, short, long] = [await stopping.signedIn(), await stopping.signedIn(), await stopping.signedIn()];
    short.subscribe('a', 'subscription { count(to: 100) }');
    long.subscribe('a', FOREVER);
    await long.next('next');
    const startedAt = performance.now();
    const closed = stopping.close();
    expect(await idle.closed).toEqual({ code: 1001, reason: 'This server is about to stop.' });
    long.subscribe('late', '{ openDoor }');
    expect(await long.next('error', 'late')).toMatchObject({ payload: [{ extensions: { code: 'SERVER_STOPPING', kind: 'unavailable' } }] });
    await short.next('complete');
    expect(await long.closed).toEqual({ code: 1001, reason: 'This server is about to stop.' });
    await closed;
    expect(performance.now() - startedAt).toBeLessThan(5_000);
  });
});

async function until(holds: () => boolean): Promise<void> {
  for (let n = 0; n < 400 && !holds(); n++) await sleep(20);
  expect(holds()).toBe(true);
}
