import { setTimeout as delay } from 'node:timers/promises';
import { type EventStore, type StoredFact, StoreReplaced } from '../../event-store/event-store.js';
import { failpoint } from '../../failpoints/failpoints.js';
import type { LeaseMetrics } from '../../telemetry/lease.metrics.js';
import { logger } from '../../telemetry/logger.js';
import { tracedSince } from '../../telemetry/tracing.js';
import { type Admin, endsOf, type KafkaClients, type LaneRecord, send } from './kafkajs.js';
import { laneOf } from '../lanes.js';
import { markOf, recordOf } from './records.js';
import type { Filled, RelayLease, RelayLeases } from './relay-leases.js';
import { checkTopic, ensureTopic, type TopicPlan } from './topic.js';

/** Most facts, and most text, in one send: what is lost time when it must be sent again. */
const MAX_FACTS = 1_000;
const MAX_TEXT = 1_000_000;

/** How soon lanes without facts hear how far the log has come. */
const MARK_MS = 200;

/** How often we look whether the topic still is what we filled. */
const CHECK_MS = 3_000;

const RETRY_MS = 1_000;

const log = logger('relay');

export interface RelayStatus {
  /** `standby`: another relay has the lease. `failing`: see reason. */
  readonly state: 'starting' | 'leading' | 'standby' | 'failing' | 'stopped';
  readonly position: bigint;
  readonly reason: string | undefined;
}

/**
 * Brings the facts of the event store into the topic, in order, each at least once. One relay of a topic leads; the others wait.
 *
 * One send is under way at a time, with all that waits: kafkajs reorders what is sent side by side. A relay that was thought dead and
 * speaks again repeats at most what its successor says too, for what it sends follows from the store alone; readers drop it.
 */
export class Relay {
  private readonly stopping = new AbortController();
  private running: Promise<void> = Promise.resolve();
  private current: RelayStatus = { state: 'starting', position: 0n, reason: undefined };

  constructor(private readonly clients: KafkaClients, private readonly plan: TopicPlan, private readonly store: EventStore, private readonly leases: RelayLeases, private readonly metrics?: LeaseMetrics) {}

  start(): void {
    this.running = this.run();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
    this.tell('stopped');
  }

  status(): RelayStatus {
    return this.current;
  }

  private async run(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      try {
        const lease = await this.leases.take();
        if (lease && lease.fence > 1n) this.metrics?.taken('relay');
        if (lease) await this.lead(lease);
        else this.tell('standby');
      } catch (error) {
        this.failed(error as Error);
      }
      await delay(RETRY_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  /** For as long as the lease is ours. */
  private async lead(lease: RelayLease): Promise<void> {
    const own = new AbortController();
    const signal = AbortSignal.any([this.stopping.signal, own.signal]);
    const [admin, producer] = [this.clients.admin(), this.clients.producer()];
    const filling = new Filling(this.store, this.plan, lease, async (records) => send(producer, this.plan.topic, records));
    const keeping = this.keep(lease, filling, own);
    try {
      await orAborted(Promise.all([admin.connect(), producer.connect()]), signal);
      await orAborted(ensureTopic(admin, this.plan), signal);
      const checking = this.check(admin, filling, own, signal);
      try {
        await orAborted(filling.markAll(await endsOf(admin, this.plan.topic)), signal);
        log.info('relay.leads', { topic: this.plan.topic, position: filling.filled.position, fence: lease.fence });
        while (!signal.aborted) {
          await orAborted(filling.fill(signal), signal);
          this.tell('leading', undefined, filling.filled.position);
        }
      } finally {
        own.abort(own.signal.reason ?? 'done');
        await checking;
      }
      if (own.signal.reason instanceof Error) throw own.signal.reason;
    } finally {
      own.abort(own.signal.reason ?? 'done');
      await keeping;
      await this.leases.keep(lease, filling.filled).then(() => this.leases.release(lease)).catch(() => undefined); // else it runs out
      await Promise.allSettled([admin.disconnect(), producer.disconnect()]);
    }
  }

  /** Keeps the lease and saves the checkpoint until the leadership ends. */
  private async keep(lease: RelayLease, filling: Filling, own: AbortController): Promise<void> {
    let keptAt = performance.now();
    while (!own.signal.aborted) {
      await delay(Math.min(250, this.leases.lifeMs / 4), undefined, { signal: AbortSignal.any([own.signal, this.stopping.signal]) }).catch(() => undefined);
      if (own.signal.aborted || this.stopping.signal.aborted) return;
      const askedAt = performance.now();
      await failpoint('s11.before_checkpoint');
      const isKept = await this.leases.keep(lease, filling.filled).catch(() => undefined);
      await failpoint('s11.after_checkpoint');
      if (isKept) keptAt = askedAt;
      if (isKept === false || performance.now() - keptAt > this.leases.lifeMs) {
        this.metrics?.lost('relay');
        own.abort(new Error('the lease was lost'));
      }
    }
  }

  private async check(admin: Admin, filling: Filling, own: AbortController, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await delay(CHECK_MS, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      try {
        await orAborted(checkTopic(admin, this.plan), signal);
        const ends = await orAborted(endsOf(admin, this.plan.topic), signal);
        if (ends) filling.notice(ends);
      } catch (error) {
        own.abort(error);
      }
    }
  }

  private failed(error: Error): void {
    if (this.stopping.signal.aborted) return;
    if (this.current.reason !== error.message) log.error('relay.failed', { topic: this.plan.topic, error }); // once, not each second
    this.tell('failing', error.message);
  }

  private tell(state: RelayStatus['state'], reason?: string, position = this.current.position): void {
    this.current = { state, position, reason };
  }
}

/** Fills the topic on from where it was filled. */
class Filling {
  filled: Filled;
  /** How far each lane is known to be complete by its readers. */
  private readonly marked: bigint[];
  private markedAt = 0;
  private isSetBack = false;

  constructor(private readonly store: EventStore, private readonly plan: TopicPlan, { position, lanes, ends }: Filled, private readonly send: (records: readonly LaneRecord[]) => Promise<ReadonlyMap<number, bigint>>) {
    this.filled = { position, lanes, ends };
    this.marked = lanes.map(() => -1n);
  }

  /** Tells each lane how far it is complete: who misses something, because the topic lost it or never had it, learns it now. */
  async markAll(ends: readonly bigint[]): Promise<void> {
    this.notice(ends);
    this.marked.fill(-1n);
    await this.mark();
  }

  /** Looks whether the topic ends before what was acknowledged: it was emptied, or set back to an older copy. */
  notice(ends: readonly bigint[]): void {
    if (!this.filled.ends.some((end, lane) => (ends[lane] ?? 0n) < end)) return;
    log.warn('relay.topic-set-back', { topic: this.plan.topic, position: this.filled.position });
    this.filled = { ...this.filled, ends: [...ends] };
    this.isSetBack = true;
  }

  /** Sends what there is, or waits a moment for more. */
  async fill(signal: AbortSignal): Promise<void> {
    if (this.isSetBack) {
      this.isSetBack = false;
      this.marked.fill(-1n);
      await this.mark();
    }
    const news = this.store.news(); // before reading: what lands while we read must wake us
    const { position } = this.filled;
    const facts = await this.store.readAll(position, MAX_FACTS);
    if (facts.length > 0) {
      for (const some of slices(facts)) await this.put(some);
      if (performance.now() - this.markedAt > MARK_MS) await this.mark();
      return;
    }
    const head = await this.store.head();
    if (head < position) throw new StoreReplaced(`it ends at position ${head}, and Kafka's topic ${this.plan.topic} was filled up to ${position}`);
    const stop = new AbortController();
    await Promise.race([news, delay(MARK_MS, undefined, { signal: AbortSignal.any([signal, stop.signal]) }).catch(() => undefined)]);
    stop.abort();
    if (performance.now() - this.markedAt > MARK_MS) await this.mark();
  }

  private async put(facts: readonly StoredFact[]): Promise<void> {
    const lanes = [...this.filled.lanes];
    const records = facts.map((fact) => {
      const lane = laneOf(fact.tenantId, this.plan.lanes);
      const record = recordOf(fact, this.store.identity, lane, lanes[lane]!);
      lanes[lane] = fact.position;
      return record;
    });
    const startedAt = Date.now();
    await this.acknowledged(records, { position: facts.at(-1)!.position, lanes });
    for (const { headers } of records) tracedSince(startedAt, 'relay', { traceparent: headers['traceparent'], kind: 'producer', attributes: { 'parley.batch': records.length } });
    for (const { partition } of records) this.marked[partition] = lanes[partition]!;
  }

  private async mark(): Promise<void> {
    this.markedAt = performance.now();
    const { position, lanes } = this.filled;
    const late = [...this.marked.keys()].filter((lane) => this.marked[lane]! < position);
    if (late.length === 0) return;
    await this.acknowledged(late.map((lane) => markOf(position, this.store.identity, lane, lanes[lane]!)), { position, lanes });
    for (const lane of late) this.marked[lane] = position;
  }

  private async acknowledged(records: readonly LaneRecord[], { position, lanes }: Pick<Filled, 'position' | 'lanes'>): Promise<void> {
    await failpoint('s10.before_send');
    const begins = await this.send(records);
    await failpoint('s10.after_send');
    const ends = [...this.filled.ends];
    for (const [lane, begin] of begins) {
      if (begin < ends[lane]!) this.isSetBack = true;
      ends[lane] = begin + BigInt(records.filter(({ partition }) => partition === lane).length);
    }
    this.filled = { position, lanes, ends };
  }
}

function* slices(facts: readonly StoredFact[]): Generator<readonly StoredFact[]> {
  let [start, text] = [0, 0];
  for (const [index, { data, meta }] of facts.entries()) {
    if (text > 0 && text + data.length + meta.length > MAX_TEXT) {
      yield facts.slice(start, index);
      [start, text] = [index, 0];
    }
    text += data.length + meta.length;
  }
  if (start < facts.length) yield facts.slice(start);
}

/** What hangs is left behind. */
async function orAborted<Result>(work: Promise<Result>, signal: AbortSignal): Promise<Result | undefined> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const leave = () => resolve(undefined);
  if (signal.aborted) leave();
  signal.addEventListener('abort', leave);
  work.catch(() => undefined);
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener('abort', leave);
  }
}
