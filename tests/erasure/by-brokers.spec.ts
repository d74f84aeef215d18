import { setTimeout as delay } from 'node:timers/promises';
import { jest } from '@jest/globals';
import { SpecServer } from '@parley/platform/testing/spec-server.js';
import { Redis } from 'ioredis';
import kafkajs from 'kafkajs';
import { ada, bobs, control, hers, Life } from './life.js';
import { found, type Hit, hitsIn, scanFiles, scanTables, without } from './scan.js';

jest.setTimeout(240_000);

const TOPIC = 'parley.events';
let [kafka, redis]: SpecServer[] = [];
let client: Redis;
let life: Life;
/** What Redis held of her while her last reply was being made. */
let before: readonly Hit[] = [];
beforeAll(async () => {
  [kafka, redis] = await Promise.all([SpecServer.start('kafka'), SpecServer.start('redis')]);
  client = new Redis(redis.url);
  // As an operator might have it who did not read that nothing should be kept; uncompressed, or a scan would see nothing.
  for (const [name, value] of [['rdbcompression', 'no'], ['appendonly', 'yes'], ['appendfsync', 'always']] as const) await client.config('SET', name, value);
  const env = { PARLEY_EVENT_LOG_URL: kafka.url, PARLEY_EVENT_LOG_PARTITIONS: '2', PARLEY_LIVE_URL: redis.url };
  life = await Life.lived(env, async () => void (before = await scanRedis()));
});
afterAll(async () => {
  client?.disconnect();
  await life?.close();
  await Promise.all([kafka?.close(), redis?.close()]);
});

/** All that Redis holds, by asking for it. @throws Error at a kind of value that it does not know to read */
async function scanRedis(): Promise<readonly Hit[]> {
  const hits: Hit[] = [];
  for await (const keys of client.scanStream({ count: 1_000 })) {
    for (const key of keys as string[]) {
      const type = await client.type(key);
      if (type === 'none') continue; // it has expired meanwhile
      if (type !== 'stream') throw new Error(`redis holds a ${type} under ${key}`);
      hits.push(...hitsIn(key + JSON.stringify(await client.xrange(key, '-', '+')), [...hers, bobs], `redis ${key}`));
    }
  }
  return hits;
}

/** All records of all topics from their beginning, keys and headers too, as any consumer gets them. */
async function scanTopics(): Promise<readonly Hit[]> {
  const client = new kafkajs.Kafka({ brokers: [new URL(kafka!.url).host], logLevel: kafkajs.logLevel.NOTHING });
  const admin = client.admin();
  await admin.connect();
  const topics = (await admin.listTopics()).filter((topic) => !topic.startsWith('__'));
  const ends = (await Promise.all(topics.map((topic) => admin.fetchTopicOffsets(topic)))).flat();
  await admin.disconnect();
  expect(topics).toContain(TOPIC);
  const expected = ends.reduce((sum, { offset, low }) => sum + Number(offset) - Number(low), 0);
  const [consumer, hits] = [client.consumer({ groupId: crypto.randomUUID() }), [] as Hit[]];
  let seen = 0;
  await consumer.connect();
  await consumer.subscribe({ topics, fromBeginning: true });
  await consumer.run({
    eachMessage: async ({ topic, message: { key, value, headers } }) => {
      seen++;
      hits.push(...hitsIn([key, value, ...Object.entries(headers ?? {}).flat()].map(String).join(' '), [...hers, control], `topic ${topic}`));
    },
  });
  for (const until = Date.now() + 30_000; seen < expected; await delay(50)) if (Date.now() > until) throw new Error(`only ${seen} of ${expected} records came`);
  await consumer.disconnect();
  return hits;
}

describe('after a person was erased from a Parley on Kafka and Redis', () => {
  it('no record of any topic holds a word of hers', async () => {
    const hits = await scanTopics();
    expect(found(hits, control)).toBe(true);
    expect(without(hits, control)).toEqual([]);
  });

  it('redis holds none of the replies to her that it held, ended or growing; another’s stays', async () => {
    expect(before.map(({ text }) => text)).toEqual(expect.arrayContaining([ada.message, ada.inline, ada.deleted, bobs]));
    const hits = await scanRedis();
    expect(found(hits, bobs)).toBe(true);
    expect(without(hits, bobs)).toEqual([]);
    const cut = await client.xrange(`parley:live:${await life.tenantId()}.${life.runningReplyId}`, '-', '+');
    expect(cut.map(([, fields]) => fields)).toEqual([['forgotten', '']]);
  });

  it('a dump and a log that redis writes from now on hold none of it', async () => {
    await client.bgrewriteaof();
    await until(async () => /aof_rewrite_in_progress:0[^]*aof_rewrite_scheduled:0[^]*aof_last_bgrewrite_status:ok/.test(await client.info('persistence')));
    await client.save();
    const hits = scanFiles(redis!.data, [...hers, bobs]);
    expect(new Set(hits.map(({ where }) => where.split('.').at(-1)))).toContain('rdb');
    expect(found(hits, bobs)).toBe(true);
    expect(without(hits, bobs)).toEqual([]);
  });

  it('no row of any table does, nor any file of the data folder', async () => {
    await life.client.query('vacuum');
    await life.client.query('select pg_switch_wal()');
    await life.client.query('checkpoint');
    const hits = [...(await scanTables(life.client, [...hers, control])), ...scanFiles(life.dataDir, [...hers, control])];
    expect(found(hits, control)).toBe(true);
    expect(without(hits, control)).toEqual([]);
  });

  it('no line that the process logged does, and nothing in its memory', async () => {
    expect(hers.filter((text) => life.parley.output().includes(text))).toEqual([]);
    const hits = await life.heap();
    expect(found(hits, control)).toBe(true);
    expect(without(hits, control)).toEqual([]);
  });

  it('no file of the broker does: segments, indexes, its log', async () => {
    await kafka!.stop(); // so that all it holds is on disk
    const hits = scanFiles(kafka!.data, [...hers, control]);
    expect(found(hits, control)).toBe(true);
    expect(without(hits, control)).toEqual([]);
  });
});

async function until(is: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 20_000; !(await is()); await delay(50)) if (Date.now() > end) throw new Error('it did not come to pass');
}
