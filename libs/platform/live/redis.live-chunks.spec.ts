import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { SpecServer, specServerUrl } from '../testing/spec-server.js';
import { firstSequence, type LiveChunks, type ReplyKey } from './live-chunks.js';
import { liveChunksContract, type OpenLiveChunks } from './live-chunks.contract.js';
import { LiveChunksUnavailable } from './redis.connection.js';
import { RedisLiveChunks, type RedisLiveChunksOptions } from './redis.live-chunks.js';

const shared = specServerUrl('redis');
afterAll(async () => (await shared).close());

const open: OpenLiveChunks = async (options) => whenUp(new RedisLiveChunks((await shared).url, options));
liveChunksContract('redis', open);

const newKey = (): ReplyKey => ({ tenantId: crypto.randomUUID(), replyId: crypto.randomUUID() });
const chunk = (n: number, attempt = 1, text = `text ${n} `) => ({ attempt, sequence: firstSequence(attempt) + n, text });
const sequences = (chunks: readonly { sequence: number }[]) => chunks.map(({ sequence }) => sequence);

async function whenUp<Live extends LiveChunks>(live: Live): Promise<Live> {
  while (!(await live.isUp().catch(() => false))) await delay(5);
  return live;
}

/** Follows until it ends. `seen` grows meanwhile. */
function watch(live: LiveChunks, key: ReplyKey, from = 0) {
  const seen: number[] = [];
  const done = (async () => {
    for await (const chunks of live.follow(key, from, new AbortController().signal)) seen.push(...sequences(chunks));
    return seen;
  })();
  return { seen, done };
}

async function until(is: () => boolean | Promise<boolean>, withinMs = 5_000): Promise<number> {
  const begun = performance.now();
  while (!(await is())) {
    if (performance.now() - begun > withinMs) throw new Error('it did not come to pass');
    await delay(5);
  }
  return performance.now() - begun;
}

describe('live chunks in redis', () => {
  let [writer, reader]: RedisLiveChunks[] = [];
  let key: ReplyKey;
  beforeAll(async () => {
    const { url } = await shared;
    [writer, reader] = await Promise.all([whenUp(new RedisLiveChunks(url)), whenUp(new RedisLiveChunks(url))]);
  });
  beforeEach(() => void (key = newKey()));
  afterAll(() => Promise.all([writer!.close(), reader!.close()]));

  it('go from one process to another, soon', async () => {
    const { seen, done } = watch(reader!, key);
    await writer!.publish(key, [chunk(0)]);
    expect(await until(() => seen.length === 1)).toBeLessThan(200);
    await writer!.publish(key, [chunk(1)]);
    await writer!.end(key);
    expect(await done).toEqual([0, 1]);
  });

  it('come to a reader that starts while others are watched already', async () => {
    const others = Array.from({ length: 50 }, newKey);
    const watched = others.map((each) => watch(reader!, each));
    await delay(20);
    const mine = watch(reader!, key);
    await writer!.publish(key, [chunk(0)]);
    expect(await until(() => mine.seen.length === 1)).toBeLessThan(200);
    await Promise.all([key, ...others].map((each) => writer!.end(each)));
    await Promise.all([mine.done, ...watched.map(({ done }) => done)]);
  });

  it('are capped: a reader that comes late sees by the sequence what is missing', async () => {
    const small = await whenUp(new RedisLiveChunks((await shared).url, { mostChunks: 200 }));
    for (let n = 0; n < 1_000; n += 100) await small.publish(key, Array.from({ length: 100 }, (_, index) => chunk(n + index)));
    const kept = sequences(await small.kept(key, 0));
    expect(kept.length).toBeLessThan(400);
    expect(kept.at(-1)).toBe(999);
    await small.close();
  });

  it('expire, and with them all that redis held of the reply', async () => {
    const { url } = await shared;
    const brief = await whenUp(new RedisLiveChunks(url, { keepMs: 100 }));
    const redis = new Redis(url);
    await brief.publish(key, [chunk(0)]);
    expect(await redis.exists(`parley:live:${key.tenantId}.${key.replyId}`)).toBe(1);
    await until(async () => (await redis.exists(`parley:live:${key.tenantId}.${key.replyId}`)) === 0);
    await brief.close();
    redis.disconnect();
  });

  it('are held no longer for readers that have gone', async () => {
    const stop = new AbortController();
    const reading = Promise.all(Array.from({ length: 100 }, () => reader!.follow(newKey(), 0, stop.signal).next()));
    stop.abort();
    await reading;
    expect((reader as unknown as { mirrors: Map<string, unknown> }).mirrors.size).toBe(0);
  });
});

describe('live chunks when redis', () => {
  let server: SpecServer;
  const opened: RedisLiveChunks[] = [];
  let key: ReplyKey;
  const connect = async (options: RedisLiveChunksOptions = {}) => {
    const live = new RedisLiveChunks(server.url, options);
    opened.push(live);
    return whenUp(live);
  };
  beforeAll(async () => void (server = await SpecServer.start('redis')));
  beforeEach(() => void (key = newKey()));
  afterEach(async () => {
    for (const live of opened.splice(0)) await live.close();
  });
  afterAll(() => server.close());

  it('is killed and comes back within patience: lose nothing that is published meanwhile, and readers go on', async () => {
    const [writer, reader] = [await connect(), await connect()];
    await writer.publish(key, [chunk(0)]);
    const { seen, done } = watch(reader, key);
    await until(() => seen.length === 1);
    await server.kill();
    const published = writer.publish(key, [chunk(1), chunk(2)]);
    await server.start();
    await published;
    await writer.end(key);
    expect(await done).toEqual([0, 1, 2]);
  });

  it('stays away: refuse at once after a while, so that no reply waits for them, and go on when it is back', async () => {
    const [writer, reader] = [await connect(), await connect()];
    const { seen, done } = watch(reader, key);
    await server.kill();
    await expect(writer.publish(key, [chunk(0)])).rejects.toThrow(LiveChunksUnavailable);
    const begun = performance.now();
    for (let n = 1; n < 20; n++) await expect(writer.publish(key, [chunk(n)])).rejects.toThrow(LiveChunksUnavailable);
    expect(performance.now() - begun).toBeLessThan(500);
    await server.start();
    await until(() => writer.isUp().catch(() => false), 3_000);
    await writer.publish(key, [chunk(20)]);
    await until(() => seen.includes(20), 3_000);
    await writer.end(key);
    expect(await done).toEqual([20]); // what is missing shows in the sequence
  });

  it('hangs: are given up in time, and come through when it goes on', async () => {
    const [writer, reader] = [await connect(), await connect()];
    const { seen, done } = watch(reader, key);
    await writer.publish(key, [chunk(0)]);
    await until(() => seen.length === 1);
    server.hang();
    const begun = performance.now();
    await expect(writer.publish(key, [chunk(1)])).rejects.toThrow(LiveChunksUnavailable);
    expect(performance.now() - begun).toBeLessThan(5_000);
    server.goOn();
    await until(() => writer.isUp().catch(() => false), 3_000);
    await writer.publish(key, [chunk(2)]);
    await until(() => seen.includes(2), 3_000);
    await writer.end(key);
    expect((await done).filter((each) => each !== 1)).toEqual([0, 2]); // 1 was sent; whether it arrived nobody knew
  });

  it('is slow: are late, and none is missing', async () => {
    const [writer, reader] = [await connect(), await connect()];
    const { done } = watch(reader, key);
    for (let n = 0; n < 10; n++) {
      server.hang();
      const published = writer.publish(key, [chunk(n)]);
      await delay(100);
      server.goOn();
      await published;
    }
    await writer.end(key);
    expect(await done).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it('starts empty: go on where the writer is, and what is gone shows in the sequence', async () => {
    const [writer, reader] = [await connect(), await connect()];
    await writer.publish(key, [chunk(0), chunk(1)]);
    const early = watch(reader, key);
    await until(() => early.seen.length === 2);
    await server.kill();
    server.setBack();
    await server.start();
    await writer.publish(key, [chunk(2)]);
    const late = watch(await connect(), key);
    await writer.end(key);
    expect([await early.done, await late.done]).toEqual([[0, 1, 2], [2]]);
  });

  it('starts from an older copy: repeat nothing to those who were there, and show others what is missing', async () => {
    const [writer, reader] = [await connect(), await connect()];
    await writer.publish(key, [chunk(0), chunk(1)]);
    const admin = new Redis(server.url);
    await admin.save();
    admin.disconnect();
    await writer.publish(key, [chunk(2)]);
    const early = watch(reader, key);
    await until(() => early.seen.length === 3);
    await server.kill();
    await server.start(); // what was saved is loaded
    await writer.publish(key, [chunk(3)]);
    const late = watch(await connect(), key);
    await writer.end(key);
    expect([await early.done, await late.done]).toEqual([[0, 1, 2, 3], [0, 1, 3]]);
  });

  it('has no memory left: refuse, and say why', async () => {
    const writer = await connect();
    const admin = new Redis(server.url);
    await admin.config('SET', 'maxmemory', '1');
    await expect(writer.publish(key, [chunk(0)])).rejects.toThrow('OOM');
    await admin.config('SET', 'maxmemory', '0');
    await writer.publish(key, [chunk(0)]);
    expect(sequences(await writer.kept(key, 0))).toEqual([0]);
    admin.disconnect();
  });
});
