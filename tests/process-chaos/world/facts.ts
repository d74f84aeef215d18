import { randomUUID } from 'node:crypto';
import kafkajs from 'kafkajs';
import type { StoredFact, StoreIdentity } from '@parley/platform/event-store/event-store.js';
import { recordOf } from '@parley/platform/event-log/kafka/records.js';
import { laneOf } from '@parley/platform/event-log/lanes.js';
import { sql, type World } from './world.js';

/** What a crafted fact is like. */
export interface Crafted {
  readonly type: string;
  /** As text, whatever it is. */
  readonly data: string;
  readonly schemaVersion?: number;
  /** Category of its stream, as it stands in the names of streams. */
  readonly category?: string;
}

/** The call that writes a fact nobody decided, into a stream of its own and of a tenant of its own. */
export function craft({ type, data, schemaVersion = 1, category = 'chat.conversation' }: Crafted): { readonly text: string; readonly values: readonly unknown[] } {
  const [tenantId, streamId, commandId] = [randomUUID(), randomUUID(), `chaos:${randomUUID()}`];
  const stream = `${category}-${tenantId}.${streamId}`;
  const meta = { tenantId, actor: { kind: 'system', id: 'chaos', role: 'system' }, now: new Date().toISOString(), commandId, correlationId: commandId, schemaVersion };
  return {
    text: 'select parley.append_events(false, array[$1], array[-1]::bigint[], array[$1], array[0]::bigint[], array[$2]::uuid[], array[$3]::uuid[], array[$4], array[$5], array[$6])',
    values: [stream, randomUUID(), tenantId, type, data, JSON.stringify(meta)],
  };
}

interface Recorded {
  readonly fact: StoredFact;
  readonly lane: number;
  /** Position of the fact before it in its lane. */
  readonly previous: bigint;
}

/** All facts in the order of the log, as the relay would number them. */
export async function recorded(world: World): Promise<{ readonly facts: readonly Recorded[]; readonly identity: StoreIdentity }> {
  const [identity] = await sql<{ storeId: string; epoch: number }>(world, 'select store_id as "storeId", epoch from parley.store');
  const stored = await sql<StoredFact>(world, 'select event_id as "eventId", tenant_id as "tenantId", type, data, meta, position, stream, revision, recorded_at as "recordedAt" from parley.events order by position');
  const last = new Map<number, bigint>();
  const facts = stored.map((fact) => {
    const lane = laneOf(fact.tenantId, world.lanes);
    const previous = last.get(lane) ?? 0n;
    last.set(lane, fact.position);
    return { fact, lane, previous };
  });
  return { facts, identity: identity! };
}

/** Kafka may be away by another fault: then what is to be sent is sent again. */
const RETRY = { initialRetryTime: 200, maxRetryTime: 1_000, retries: 30 };

/** Writes facts into the topic beside the relay, in this order. Each record says that it is ours. */
export async function publish(world: World, facts: readonly Recorded[], identity: StoreIdentity, why: string): Promise<void> {
  const kafka = new kafkajs.Kafka({ brokers: [`127.0.0.1:${world.servers.kafka.proxy.port}`], clientId: 'chaos', retry: RETRY, logLevel: kafkajs.logLevel.NOTHING });
  const producer = kafka.producer({ retry: RETRY, createPartitioner: () => ({ message }) => message.partition! });
  await producer.connect();
  try {
    const messages = facts.map(({ fact, lane, previous }) => {
      const { headers, ...record } = recordOf(fact, identity, lane, previous);
      return { ...record, headers: { ...headers, chaos: why } };
    });
    if (messages.length > 0) await producer.send({ topic: world.topic, messages, acks: -1 });
  } finally {
    await producer.disconnect();
  }
}
