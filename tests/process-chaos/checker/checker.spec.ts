import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { jest } from '@jest/globals';
import { embeddedDatabase } from '../../running/embedded.js';
import { discardDataDirs, newDataDir, type Parley, startParley } from '../../running/parley.js';
import { workload } from '../workload.js';
import { check } from './check.js';

jest.setTimeout(120_000);

const dataDir = newDataDir();
const run = join(dataDir, 'run');
const topic = `parley.${crypto.randomUUID()}`;
const kafkaUrl = process.env['PARLEY_SPEC_KAFKA_URL']!;
let parley: Parley;

beforeAll(async () => {
  parley = await startParley({ dataDir, env: { PARLEY_EVENT_LOG_URL: `${kafkaUrl}/${topic}`, PARLEY_EVENT_LOG_PARTITIONS: '2', PARLEY_RUNTIME_RETRY_BUDGET_MS: '1000' } });
  const people = workload('a small run', [parley.url], run, { tenants: 2, clients: 2, pauseMs: 20 });
  await people.start();
  await delay(4_000);
  await people.stop();
  console.log('stopped');
});
afterAll(async () => {
  await parley?.stop();
  if (!process.env.KEEP) discardDataDirs();
});

it('has nothing against a run in which nothing broke', async () => {
  const start=Date.now();
  expect(await check(run, { databaseUrl: embeddedDatabase(dataDir).url, kafkaUrl, topic }, 20_000)).toEqual([]);
  console.log(Date.now()-start);
});
