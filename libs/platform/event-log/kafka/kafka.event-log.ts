import { setTimeout as delay } from 'node:timers/promises';
import { type EventStore, type StoredFact, StoreReplaced } from '../../event-store/event-store.js';
import { logger } from '../../telemetry/logger.js';
import { type Delivery, EventLog, type FollowOptions } from '../event-log.js';
import { type Arrival, GroupReader, type GroupReaderOptions } from './group-reader.js';
import { type Admin, type KafkaClients, endsOf, mayPass, offsetsAt } from './kafkajs.js';
import { laneOf } from '../lanes.js';
import { type Found, foundIn } from './records.js';
import { ensureTopic, repartitioned, type TopicPlan } from './topic.js';

/** How much earlier than its fact was recorded we begin to read: clocks differ. Were it too little, the store would fill the gap. */
const SLACK_MS = 60_000;

/** Most facts in one delivery, unless asked for fewer. */
const LIMIT = 1_000;

/** A group that cannot be joined now is tried again, so often and so soon. */
const JOIN_TRIES = 10;
const JOIN_RETRY_MS = 300;

const log = logger('event-log');

/** How far each lane that is ours has come, since the lanes were last shared out. */
type Lanes = Map<number, bigint>;

/**
 * The facts as the relay put them into a Kafka topic: a lane is a partition, and processes of one name share them.
 *
 * The event store stays the record. Each record says which position came before it in its lane, so a reader knows when one is missing,
 * for whatever reason (retention, a broker that lost its data, an order that is not ours), and takes what is missing from the store.
 */
export class KafkaEventLog extends EventLog {
  private admin: Promise<Admin> | undefined;

  constructor(private readonly clients: KafkaClients, private readonly plan: TopicPlan, private readonly store: EventStore) {
    super();
  }

  get identity() {
    return this.store.identity;
  }

  get lanes() {
    return this.plan.lanes;
  }

  laneOf(tenantId: string): number {
    return laneOf(tenantId, this.plan.lanes);
  }

  head(): Promise<bigint> {
    return this.store.head();
  }

  async *follow({ name, after, limit = LIMIT, signal }: FollowOptions): AsyncGenerator<Delivery, void> {
    if (signal.aborted) return;
    const { topic } = this.plan;
    await ensureTopic(await this.administration(), this.plan);
    let lanes: Lanes = new Map();
    let sharedOut = 0;
    const place = async (ours: readonly number[]) => {
      const round = ++sharedOut;
      const begun: Lanes = new Map();
      for (const lane of ours) begun.set(lane, await after(lane));
      const offsets = await this.offsetsOf(begun);
      if (round === sharedOut) lanes = begun; // else they were shared out anew meanwhile
      return offsets;
    };
    const reader = await this.join({ group: `${topic}.${name}`, place, signal });
    const close = () => void reader.close();
    signal.addEventListener('abort', close);
    if (signal.aborted) close();
    try {
      for (let arrival = await reader.next(); arrival; arrival = await reader.next()) {
        for await (const delivery of this.taken(arrival, lanes, limit)) {
          yield delivery;
          if (signal.aborted || arrival.round !== reader.round) break;
        }
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      signal.removeEventListener('abort', close);
      await reader.close();
    }
  }

  async close(): Promise<void> {
    await (await this.admin?.catch(() => undefined))?.disconnect();
  }

  private async join({ group, place, signal }: { group: string; place: GroupReaderOptions['place']; signal: AbortSignal }): Promise<GroupReader> {
    for (let tries = 1; ; tries++) {
      const reader = new GroupReader(this.clients.consumer(group), { topic: this.plan.topic, place });
      try {
        await reader.start();
        return reader;
      } catch (error) {
        await reader.close();
        if (signal.aborted) return reader;
        if (!mayPass(error) || tries === JOIN_TRIES) throw error;
        await delay(JOIN_RETRY_MS);
      }
    }
  }

  private administration(): Promise<Admin> {
    const connect = async () => {
      const admin = this.clients.admin();
      await admin.connect();
      return admin;
    };
    return (this.admin ??= connect().catch((error: unknown) => {
      this.admin = undefined;
      throw error;
    }));
  }

  /** Where in the topic each lane goes on. @throws StoreReplaced when one has come further than the log */
  private async offsetsOf(begun: Lanes): Promise<ReadonlyMap<number, string>> {
    const head = await this.store.head(); // afterwards: another process may be moving both
    const admin = await this.administration();
    const ends = await endsOf(admin, this.plan.topic); // before the log is asked whether there is more: what comes later is read
    const asked = new Map<bigint, Promise<readonly string[]>>();
    const offsets = new Map<number, string>();
    for (const [lane, position] of begun) {
      if (lane >= this.plan.lanes) throw repartitioned(this.plan.topic, lane + 1, this.plan.lanes);
      if (position > head) throw new StoreReplaced(`it ends at position ${head}, before ${position}`);
      if (!asked.has(position)) asked.set(position, this.offsetsAfter(position, admin, ends));
      offsets.set(lane, (await asked.get(position)!)[lane] ?? '0');
    }
    return offsets;
  }

  /** Offsets before which nothing stands that comes after the position. @param position 0, or that of a fact: between facts there may be none */
  private async offsetsAfter(position: bigint, admin: Admin, ends: readonly bigint[]): Promise<readonly string[]> {
    const [next] = await this.store.readAll(position, 1);
    return next ? offsetsAt(admin, this.plan.topic, Math.max(0, next.recordedAt.getTime() - SLACK_MS)) : ends.map(String);
  }

  private async *taken({ lane, messages }: Arrival, lanes: Lanes, limit: number): AsyncGenerator<Delivery, void> {
    let [facts, last]: [StoredFact[], bigint] = [[], lanes.get(lane)!];
    const delivery = (): Delivery => {
      lanes.set(lane, last);
      const taken = facts;
      facts = [];
      return { lane, facts: taken, through: last };
    };
    for (const message of messages) {
      const found = foundIn(message);
      if (found) this.check(found, lane);
      else log.error('event-log.unreadable', { topic: this.plan.topic, lane, offset: message.offset });
      if (!found || found.position <= last) continue; // again, or late
      if (found.previous > last) {
        if (facts.length > 0) yield delivery();
        yield* this.missing(lane, lanes, found.previous, limit);
      }
      last = found.position;
      if (found.fact) facts.push(found.fact);
      if (facts.length === limit) yield delivery();
    }
    if (last > lanes.get(lane)!) yield delivery();
  }

  /** What the topic does not hold, from the store. Other lanes that miss it too get it by the way: the store is read once. */
  private async *missing(lane: number, lanes: Lanes, through: bigint, limit: number): AsyncGenerator<Delivery, void> {
    const from = lanes.get(lane)!;
    const waiting = [...lanes].filter(([, position]) => position >= from && position < through).map(([each]) => each);
    log.warn('event-log.gap', { topic: this.plan.topic, lane, after: from, through });
    for (let at = from; at < through; ) {
      const page = (await this.store.readAll(at, LIMIT)).filter(({ position }) => position <= through);
      if (page.length === 0) throw new StoreReplaced(`it has nothing between ${at} and ${through}, and the topic ${this.plan.topic} has more`);
      at = page.at(-1)!.position;
      for (const each of waiting) {
        const facts = page.filter(({ tenantId, position }) => this.laneOf(tenantId) === each && position > lanes.get(each)!);
        for (let begin = 0; begin < facts.length; begin += limit) {
          const slice = facts.slice(begin, begin + limit);
          yield { lane: each, facts: slice, through: slice.at(-1)!.position };
        }
        if (at > lanes.get(each)!) lanes.set(each, at);
      }
    }
  }

  private check({ storeId, epoch, fact }: Found, lane: number): void {
    const { identity, plan: { topic, lanes } } = this;
    if (storeId !== identity.storeId || epoch !== identity.epoch) {
      throw new StoreReplaced(`Kafka's topic ${topic} carries facts of ${storeId} (epoch ${epoch}), the event store is ${identity.storeId} (epoch ${identity.epoch}); delete the topic, or name another in PARLEY_EVENT_LOG_URL`);
    }
    if (fact && this.laneOf(fact.tenantId) !== lane) throw repartitioned(topic, lanes, lane + 1);
  }
}
