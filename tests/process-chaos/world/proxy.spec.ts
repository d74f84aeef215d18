import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { FaultProxy } from './proxy.js';

let server: Server;
let proxy: FaultProxy;
let received = '';
beforeEach(async () => {
  received = '';
  server = createServer((socket) => {
    socket.on('data', (bytes) => ((received += bytes.toString()), socket.write(bytes))).on('error', () => undefined);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  proxy = await FaultProxy.start(() => (server.address() as { port: number }).port);
});
afterEach(async () => {
  await proxy.close();
  server.close();
});

/** Someone who says things to a server that says them back. */
async function caller() {
  const socket: Socket = connect(proxy.port, '127.0.0.1');
  const state = { heard: '', end: undefined as string | undefined };
  socket.on('data', (bytes) => (state.heard += bytes.toString())).on('error', (error: NodeJS.ErrnoException) => (state.end = error.code)).on('close', () => (state.end ??= 'closed'));
  await once(socket, 'connect');
  const hears = async (text: string, ms = 1_000) => {
    for (const until = Date.now() + ms; !state.heard.includes(text) && state.end === undefined && Date.now() < until; ) await delay(5);
    return state.heard.includes(text);
  };
  const ended = async () => {
    for (const until = Date.now() + 1_000; state.end === undefined && Date.now() < until; ) await delay(5);
    return state.end;
  };
  return { say: (text: string) => socket.write(text), hears, ended, state, socket };
}

describe('a proxy', () => {
  it('passes everything in fair weather, in order, and the end too', async () => {
    const one = await caller();
    for (let n = 0; n < 200; n++) one.say(`${n},`);
    expect(await one.hears('199,')).toBe(true);
    expect(one.state.heard).toBe(Array.from({ length: 200 }, (_, n) => `${n},`).join(''));
    one.socket.end();
    expect(await one.ended()).toBe('closed');
    await delay(20);
    expect(proxy.connections).toBe(0);
  });

  it('delays, and changes no order when the weather does', async () => {
    const one = await caller();
    await proxy.set({ kind: 'delay', ms: 150 });
    const began = performance.now();
    one.say('slow,');
    await delay(20);
    await proxy.heal();
    one.say('quick');
    expect(await one.hears('slow,quick')).toBe(true);
    expect(performance.now() - began).toBeGreaterThan(145);
  });

  it('holds everything without a word, and lets all go on when it heals', async () => {
    const one = await caller();
    await proxy.set({ kind: 'hold' });
    one.say('held');
    const late = await caller();
    late.say('late');
    expect(await one.hears('held', 150)).toBe(false);
    expect(one.state.end).toBeUndefined();
    await proxy.heal();
    expect([await one.hears('held'), await late.hears('late')]).toEqual([true, true]);
  });

  it('leaves a client half open until it heals, then resets it', async () => {
    const one = await caller();
    one.say('before');
    await one.hears('before');
    await proxy.set({ kind: 'halfOpen' });
    one.say('lost');
    await delay(100);
    expect([one.state.end, received]).toEqual([undefined, 'before']);
    await proxy.heal();
    expect(await one.ended()).toBe('ECONNRESET');
  });

  it('refuses, and takes connections again when it heals, at the same port', async () => {
    const one = await caller();
    await proxy.set({ kind: 'refuse' });
    expect(await one.ended()).toBe('ECONNRESET');
    await expect(caller()).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await proxy.heal();
    const again = await caller();
    again.say('again');
    expect(await again.hears('again')).toBe(true);
  });

  it.each([['up', '0123'], ['down', '0123456789']] as const)('cuts after so many bytes: %s', async (direction, arrived) => {
    const one = await caller();
    await proxy.set({ kind: 'cut', direction, bytes: 4 });
    one.say('0123456789');
    expect(await one.ended()).toMatch(/ECONNRESET|closed/);
    await delay(20);
    expect(received).toBe(arrived);
    expect('0123'.startsWith(one.state.heard)).toBe(true);
  });

  it('cuts every connection there is', async () => {
    const callers = [await caller(), await caller()];
    proxy.cutAll();
    expect(await Promise.all(callers.map((each) => each.ended()))).toEqual(['ECONNRESET', 'ECONNRESET']);
  });
});
