import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { jest } from '@jest/globals';
import { newDatabase } from '@parley/platform/testing/database.js';
import kafkajs from 'kafkajs';
import pg from 'pg';
import { discardDataDirs, newDataDir, startParley } from '../running/parley.js';
import { type HistoryLine, readHistory } from './history.js';
import { workload } from './workload.js';
import { BREACHES, type Breach, PARKED_AS_IT_MUST, stoppedTwice } from './breaches.js';
import { check, violationsIn } from './checker/check.js';
import { type Evidence, gather, type Places, readDatabase } from './checker/evidence.js';
import { PROJECTIONS } from './checker/fold.js';
import { rest } from './checker/rest.js';

jest.setTimeout(120_000);

/** What is looked at: a small run on a real Postgres and a real topic, in which nothing broke. */
const dataDir = newDataDir();
const run = join(dataDir, 'run');
const topic = `parley.${crypto.randomUUID()}`;
const kafkaUrl = process.env['PARLEY_SPEC_KAFKA_URL']!;
const EVERY_OP = ['addMember', 'createAgent', 'deleteConversation', 'regenerateReply', 'register', 'renameConversation', 'sendMessage', 'startConversation', 'stopReply'];
const done = (history: readonly HistoryLine[]) => history.flatMap((line) => (line.kind === 'command' && line.outcome === 'ok' ? [line.op] : []));
let places: Places;
let database: pg.Client;
let clean: Evidence;

beforeAll(async () => {
  places = { databaseUrl: await newDatabase(), kafkaUrl, topic };
  const env = { PARLEY_DATABASE_URL: places.databaseUrl, PARLEY_EVENT_LOG_URL: `${kafkaUrl}/${topic}`, PARLEY_EVENT_LOG_PARTITIONS: '2', PARLEY_RUNTIME_RETRY_BUDGET_MS: '1000' };
  const parley = await startParley({ dataDir, env });
  const people = workload('a small run', [parley.url], run, { tenants: 2, clients: 2, pauseMs: 20 });
  await people.start();
  for (const until = Date.now() + 60_000; Date.now() < until && !EVERY_OP.every((op) => done(readHistory(run)).includes(op)); ) await delay(200);
  await people.stop();
  database = new pg.Client({ connectionString: places.databaseUrl });
  await database.connect();
  await database.query("set time zone 'UTC'; set client_min_messages = warning");
  await rest(database, 20_000);
  await parley.stop(); // what is planted shall meet nobody
  await database.query('begin');
  clean = await gather(run, database, places);
});
afterEach(() => database.query('rollback; begin')); // what was planted goes
afterAll(async () => {
  await database?.end();
  discardDataDirs();
});

it('has nothing against a run in which nothing broke, and that was made by people who did all that there is to do', async () => {
  expect(await violationsIn(clean)).toEqual([]);
  expect([...new Set(done(clean.history))].sort()).toEqual(EVERY_OP);
  expect(new Set(clean.history.map(({ kind }) => kind))).toEqual(new Set(['tenant', 'command', 'answer', 'watch', 'frame', 'reply']));
});

it('plants at least two breaches of each invariant', () => {
  const planted = Map.groupBy(BREACHES, ({ invariant }) => invariant);
  expect([...planted].filter(([, breaches]) => breaches.length < 2)).toEqual([]);
  expect([...planted.keys()].sort()).toEqual(['I1', 'I10', 'I2', 'I3', 'I4', 'I7', 'I8']);
});

it.each(BREACHES.map((breach) => [breach.invariant, breach.name, breach] as const))('%s: finds that %s', async (invariant, _, { found, sql, alter }: Breach) => {
  if (sql !== undefined) await database.query(sql);
  const evidence = sql === undefined ? { ...clean, ...alter!(clean) } : { ...clean, ...(await readDatabase(database)) };
  const told = (await violationsIn(evidence)).filter((violation) => violation.invariant === invariant).map(({ text }) => text);
  expect(told.filter((text) => found.test(text))).not.toEqual([]);
});

it('has nothing against a stop that had nothing to do, and is sent again when its conversation has been deleted', async () => {
  const { conversationId } = JSON.parse(clean.log.find(({ type }) => type === 'ConversationDeleted')!.data) as { conversationId: string };
  expect(await violationsIn({ ...clean, history: [...clean.history, ...stoppedTwice(clean.history, conversationId)] })).toEqual([]);
});

it('has nothing against a fact that is parked with its reason by all whom it concerns', async () => {
  const concerned = PROJECTIONS.filter(({ events }) => 'MessageSent' in events).map(({ name }) => name);
  for (const statement of PARKED_AS_IT_MUST) await database.query(statement, statement.includes('$1') ? [concerned] : []);
  const evidence = { ...clean, ...(await readDatabase(database)) };
  expect((await violationsIn(evidence)).filter(({ invariant }) => invariant === 'I10')).toEqual([]);
});

it('knows a record that the harness put on the topic, and finds one that it did not', async () => {
  const { partition, key, value, headers } = clean.topic!.find((record) => record.key !== null)!;
  const producer = new kafkajs.Kafka({ brokers: [kafkaUrl.replace('kafka://', '')], logLevel: kafkajs.logLevel.NOTHING }).producer();
  await producer.connect();
  const put = (more: Record<string, string>) => producer.send({ topic, messages: [{ partition, key, value, headers: { ...headers, ...more } }] });
  await put({ chaos: 'K12', position: '1000000' });
  await put({}); // a repeat
  expect(await check(run, places, 5_000)).toEqual([]);
  await put({ position: '1000000' });
  expect(await check(run, places, 5_000)).toMatchObject([{ invariant: 'I3', text: expect.stringContaining('is not what the log has there') as unknown }]);
  await producer.disconnect();
});
