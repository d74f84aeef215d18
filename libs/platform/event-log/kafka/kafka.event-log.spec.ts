import type { EventStore } from '../../event-store/event-store.js';
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
