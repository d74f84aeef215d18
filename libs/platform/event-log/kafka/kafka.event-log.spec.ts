import { setTimeout as delay } from 'node:timers/promises';
import { startConformanceServer } from '../../../../tests/conformance/eventstore/start-server.js';
import { EsdbEventStore } from '../../event-store/esdb.event-store.js';
import { newStream, proposed } from '../../event-store/event-store.contract.js';
import { type EventStore, NO_STREAM } from '../../event-store/event-store.js';
import { MemoryEventStore } from '../../event-store/memory.event-store.js';
import type { Databases } from '../../postgres/databases.js';
import { specDatabases } from '../../testing/database.js';
import { specServerUrl } from '../../testing/spec-server.js';
import { eventLogContract } from '../event-log.contract.js';
import { kafkaPlace } from './kafka-url.js';
import { KafkaClients } from './kafkajs.js';
import { KafkaEventLog } from './kafka.event-log.js';
import { Relay } from './relay.js';
import { RelayLeases, relaysTable } from './relay-leases.js';
import type { TopicPlan } from './topic.js';

const broker = specServerUrl('kafka');
let databases: Databases;
beforeAll(async () => void (databases = await specDatabases([relaysTable])));
afterAll(async () => {
  await databases.close();
  await (await broker).close();
});

const planOf = (lanes: number): TopicPlan => ({ topic: `spec.${crypto.randomUUID()}`, lanes, replicas: 1, retentionMs: 3_600_000 });

async function open(store: EventStore, plan: TopicPlan) {
  const clients = new KafkaClients(kafkaPlace((await broker).url));
  const log = new KafkaEventLog(clients, plan, store);
  const relay = new Relay(clients, plan, store, new RelayLeases(databases.writer, plan.topic, store.identity, plan.lanes, 2_000));
  relay.start();
  const close = async () => {
    await relay.stop();
    await log.close();
    await store.close();
  };
  return { log, store, relay, clients, close };
}

eventLogContract('kafka', () => open(new MemoryEventStore(), planOf(4)));

eventLogContract('kafka over EventStoreDB, whose positions have gaps,', async () => {
  const server = await startConformanceServer();
  const { close, ...opened } = await open(await EsdbEventStore.open(server.url), planOf(4));
  return { ...opened, close: () => close().finally(() => server.close()) };
});

it('gives a reader that is late all that waits for it in a lane at once', async () => {
  const { log, store, close } = await open(new MemoryEventStore(), planOf(1));
  const facts = Array.from({ length: 3_000 }, () => proposed('x'.repeat(500)));
  for (let from = 0; from < facts.length; from += 100) await store.append(newStream(), NO_STREAM, facts.slice(from, from + 100));
  const [sizes, stop] = [[] as number[], new AbortController()];
  let [seen, last] = [0, 0n];
  for await (const delivery of log.follow({ name: 'late', after: async () => 0n, limit: 2_000, signal: stop.signal })) {
    for (const { position } of delivery.facts) expect(position).toBe(++last);
    sizes.push(delivery.facts.length);
    if ((seen += delivery.facts.length) === facts.length) stop.abort();
    else await delay(200);
  }
  expect(Math.max(...sizes)).toBeGreaterThan(1_000); // one fetch brings about 200
  expect(Math.max(...sizes)).toBeLessThanOrEqual(2_000);
  await close();
});
