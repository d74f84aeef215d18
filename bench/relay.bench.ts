import { KafkaClients, type LaneRecord, send } from '@parley/platform/event-log/kafka/kafkajs.js';
import { kafkaPlace } from '@parley/platform/event-log/kafka/kafka-url.js';
import { recordOf } from '@parley/platform/event-log/kafka/records.js';
import { laneOf } from '@parley/platform/event-log/lanes.js';
import { Relay } from '@parley/platform/event-log/kafka/relay.js';
import { RelayLeases, relaysTable } from '@parley/platform/event-log/kafka/relay-leases.js';
import { ensureTopic, type TopicPlan } from '@parley/platform/event-log/kafka/topic.js';
import { specServerUrl } from '@parley/platform/testing/spec-server.js';
import { rounds } from './measure.js';
import { type CommandSideOfParley, openCommandSide } from './parley.js';
import { compared, type Line } from './report.js';
import { startServer } from './server.js';
import { fill, talks } from './talks.js';

const ROUNDS = 7;
const FACTS = 60_000;
/** As many records in one send as the relay puts into one. */
const BATCH = 1_000;

/** From the log in Postgres into a topic; and the same records, ready in memory, as quick as kafkajs takes them with the same guarantees. */
export async function relayBench(): Promise<Line[]> {
  const [server, kafka] = [(await startServer())!, await specServerUrl('kafka')];
  const url = await server.newDatabase('parley');
  const filling = await openCommandSide(url);
  await fill(filling, talks(1_000), FACTS, 'said');
  await filling.close();
  const side = await openCommandSide(url); // nothing of the log in its memory
  await side.databases.applySchema([relaysTable]);
  const clients = new KafkaClients(kafkaPlace(kafka.url));
  const [records, bytes] = await everything(side);
  const [ours, theirs] = [{ name: 'relay', run: () => relayed(side, clients) }, { name: 'kafkajs', run: () => produced(clients, records) }];
  const values = await rounds(ROUNDS, [ours, theirs]);
  await side.close();
  await kafka.close();
  await server.stop();
  const work = `relay of ${FACTS.toLocaleString('en')} facts of ${Math.round(bytes / FACTS)} bytes from Postgres into Kafka`;
  return [compared({ work, unit: '/s', ours: values.get('relay')!, than: 'kafkajs, the same bytes from memory', theirs: values.get('kafkajs')!, atLeast: 0.5, goal: 0.8 })];
}

const newPlan = (): TopicPlan => ({ topic: `bench.${crypto.randomUUID()}`, lanes: 12, replicas: 1, retentionMs: 3_600_000 });

/** From the moment that the first facts are through. */
async function relayed({ databases, store }: CommandSideOfParley, clients: KafkaClients): Promise<number> {
  const [plan, head] = [newPlan(), await store.head()];
  const relay = new Relay(clients, plan, store, new RelayLeases(databases.writer, plan.topic, store.identity, plan.lanes, 10_000));
  relay.start();
  const passed = async (position: bigint) => {
    while (relay.status().position < position) await new Promise((resolve) => setTimeout(resolve, 1));
    return { position: relay.status().position, at: performance.now() };
  };
  const [first, last] = [await passed(1n), await passed(head)];
  await relay.stop();
  return Number(last.position - first.position) / ((last.at - first.at) / 1_000);
}

async function produced(clients: KafkaClients, records: readonly LaneRecord[]): Promise<number> {
  const [plan, admin, producer] = [newPlan(), clients.admin(), clients.producer()];
  await Promise.all([admin.connect(), producer.connect()]);
  await ensureTopic(admin, plan);
  await send(producer, plan.topic, records.slice(0, BATCH)); // the first one also asks where the topic is
  const start = performance.now();
  for (let from = BATCH; from < records.length; from += BATCH) await send(producer, plan.topic, records.slice(from, from + BATCH));
  const seconds = (performance.now() - start) / 1_000;
  await Promise.all([admin.disconnect(), producer.disconnect()]);
  return (records.length - BATCH) / seconds;
}

async function everything({ store }: CommandSideOfParley): Promise<[LaneRecord[], number]> {
  const records: LaneRecord[] = [];
  let bytes = 0;
  for (let after = 0n; records.length < FACTS; ) {
    const facts = await store.readAll(after, 5_000);
    for (const fact of facts) {
      records.push(recordOf(fact, store.identity, laneOf(fact.tenantId, newPlan().lanes), after));
      bytes += fact.data.length + fact.meta.length;
      after = fact.position;
    }
  }
  return [records, bytes];
}
