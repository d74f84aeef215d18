import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { KafkaClients } from '@parley/platform/event-log/kafka/kafkajs.js';
import { KafkaEventLog } from '@parley/platform/event-log/kafka/kafka.event-log.js';
import { kafkaPlace } from '@parley/platform/event-log/kafka/kafka-url.js';
import { laneOf } from '@parley/platform/event-log/lanes.js';
import { Relay } from '@parley/platform/event-log/kafka/relay.js';
import { RelayLeases, relaysTable } from '@parley/platform/event-log/kafka/relay-leases.js';
import type { TopicPlan } from '@parley/platform/event-log/kafka/topic.js';
import { StoreEventLog } from '@parley/platform/event-log/store.event-log.js';
import { PostgresProjector } from '@parley/platform/read-model/postgres.projector.js';
import { readModelSchema } from '@parley/platform/read-model/read-model.schema.js';
import { specServerUrl } from '@parley/platform/testing/spec-server.js';
import { rounds } from './measure.js';
import { type CommandSideOfParley, masterKey, openCommandSide } from './parley.js';
import { project, projections, RESET } from './projecting.js';
import type { Ends } from './projector.js';
import { compared, type Line, missing } from './report.js';
import { startServer } from './server.js';
import { fill, talks } from './talks.js';

const ROUNDS = 5;
const FACTS = 60_000;
const LANES = 2;
const plan: TopicPlan = { topic: `bench.${crypto.randomUUID()}`, lanes: LANES, replicas: 1, retentionMs: 3_600_000 };

/** The same facts into the same tables: from the store and through Kafka; then by one process and by two that share the partitions. */
export async function projectorsBench(): Promise<Line[]> {
  const [server, kafka] = [(await startServer())!, await specServerUrl('kafka')];
  const url = await server.newDatabase('parley');
  const filling = await openCommandSide(url);
  await filling.databases.applySchema([readModelSchema, relaysTable]);
  await (await PostgresProjector.open(filling.databases, filling.store.identity, projections)).close(); // makes the tables
  await fill(filling, talks(1_000, tenants()), FACTS, 'said');
  await filling.databases.owner.query('vacuum analyze parley.events');
  await filling.close();
  const side = await openCommandSide(url); // nothing of the log in its memory
  const clients = new KafkaClients(kafkaPlace(kafka.url));
  await fillTopic(side, clients);

  const log = new KafkaEventLog(clients, plan, side.store);
  const values = await rounds(ROUNDS, [
    { name: 'kafka', run: () => project(side, log, `bench.${crypto.randomUUID()}`, FACTS) },
    { name: 'store', run: () => project(side, new StoreEventLog(side.store), 'bench', FACTS) },
  ]);
  const lines = [compared({ work: `projecting ${FACTS.toLocaleString('en')} facts through Kafka`, unit: '/s', ours: values.get('kafka')!, than: 'from the store', theirs: values.get('store')!, atLeast: 0.7 })];
  lines.push(await oneAndTwo(side, `${kafka.url.replace(/\/$/, '')}/${plan.topic}`));
  for (const each of [log, side, kafka]) await each.close();
  await server.stop();
  return lines;
}

/** As many in each lane: who they are must not decide who has more to do. */
function tenants(): string[] {
  const ids = Array.from({ length: 500 }, () => crypto.randomUUID());
  return Array.from({ length: LANES }, (_, lane) => ids.filter((id) => laneOf(id, LANES) === lane).slice(0, 25)).flat();
}

async function fillTopic({ databases, store }: CommandSideOfParley, clients: KafkaClients): Promise<void> {
  const head = await store.head();
  const relay = new Relay(clients, plan, store, new RelayLeases(databases.writer, plan.topic, store.identity, plan.lanes, 10_000));
  relay.start();
  while (relay.status().position < head) await new Promise((resolve) => setTimeout(resolve, 20));
  await new Promise((resolve) => setTimeout(resolve, 500)); // all lanes are told that they are complete
  await relay.stop();
}

/** A projector and its connection's Postgres have one core, so one has half of the machine and two have all of it. */
async function oneAndTwo(side: CommandSideOfParley, kafkaUrl: string): Promise<Line> {
  const work = `projecting through Kafka by two processes, each with its Postgres on one core`;
  if (spawnSync('taskset', ['-cp', '0', `${process.pid}`]).status !== 0) return missing(work, 'taskset is not here, or may not be used');
  spawnSync('taskset', ['-cp', '0,1', `${process.pid}`]);
  const { rows } = await side.databases.owner.query<{ tenant_id: string; position: bigint }>('select tenant_id, max(position) as position from parley.events group by 1');
  const ends = Array.from({ length: LANES }, (_, lane) => rows.filter(({ tenant_id }) => laneOf(tenant_id, LANES) === lane).reduce((last, { position }) => (position > last ? position : last), 0n).toString());
  const by = (count: number) => ({ name: `${count}`, run: () => foldedBy(count, side, kafkaUrl, ends) });
  const values = await rounds(ROUNDS, [by(2), by(1)]);
  return compared({ work, unit: '/s', ours: values.get('2')!, than: 'by one', theirs: values.get('1')!, atLeast: 1.6 });
}

async function foldedBy(count: number, side: CommandSideOfParley, kafkaUrl: string, ends: Ends): Promise<number> {
  await side.databases.owner.query(RESET);
  const name = `bench.${crypto.randomUUID()}`;
  const children: ChildProcess[] = [];
  for (let core = 0; core < count; core++) {
    const before = await backends(side);
    children.push(await joined(core, [side.databases.urls.owner, kafkaUrl, name, `${LANES}`]));
    for (const pid of await backends(side)) if (!before.includes(pid)) spawnSync('taskset', ['-cp', `${core}`, `${pid}`]);
  }
  await new Promise((resolve) => setTimeout(resolve, 1_500)); // until the lanes are shared out
  const start = performance.now();
  const folded = Promise.all(ends.map((_, lane) => new Promise<void>((resolve) => children.forEach((child) => child.on('message', (said: { folded?: number }) => said.folded === lane && resolve())))));
  for (const child of children) child.send(ends);
  await folded;
  const seconds = (performance.now() - start) / 1_000;
  await Promise.all(children.map(async (child) => {
    child.disconnect();
    await once(child, 'exit');
  }));
  return FACTS / seconds;
}

const backends = async ({ databases }: CommandSideOfParley): Promise<number[]> => {
  const { rows } = await databases.owner.query<{ pid: number }>('select pid from pg_stat_activity where datname = current_database()');
  return rows.map(({ pid }) => pid);
};

/** Settles when the child has joined the group. */
async function joined(core: number, args: readonly string[]): Promise<ChildProcess> {
  const child = spawn('taskset', ['-c', `${core}`, process.execPath, join(process.cwd(), 'dist/bench/projector.js'), ...args], {
    env: { PATH: process.env['PATH'], PARLEY_MASTER_KEY: masterKey.toString('base64') },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  process.once('exit', () => child.kill());
  await Promise.race([once(child, 'message'), once(child, 'exit').then(([code]) => Promise.reject(new Error(`a projector ended with ${code}`)))]);
  return child;
}
