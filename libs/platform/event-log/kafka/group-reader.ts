import { setTimeout as delay } from 'node:timers/promises';
import { Bell } from '../../event-store/bell.js';
import type { Consumer, EachBatchPayload, KafkaMessage } from './kafkajs.js';

/** Most that waits to be taken in; what is fetched beyond that waits at the broker. */
const WAITING_BYTES = 4 * 1024 * 1024;

/** When so many messages of a lane are taken at once, the next of it wait for the next time. */
const JOINED = 2_000;

/** While a batch waits for room the broker must hear of us. */
const HEARTBEAT_MS = 1_000;

/** Records of one lane, in order. */
export interface Arrival {
  readonly lane: number;
  /** Raised each time the lanes are shared out anew: what came before is no longer ours to take in. */
  readonly round: number;
  readonly messages: readonly KafkaMessage[];
}

export interface GroupReaderOptions {
  readonly topic: string;
  /** Called whenever lanes become ours. @returns where to begin in each, as an offset */
  readonly place: (lanes: readonly number[]) => Promise<ReadonlyMap<number, string>>;
}

/** A member of a consumer group, read at the reader's own pace. Offsets are never committed: each lane begins where `place` says. */
export class GroupReader {
  round = 0;
  private readonly bell = new Bell();
  private waiting: Arrival[] = [];
  private bytes = 0;
  private placing: Promise<void> = Promise.resolve();
  private failure: Error | undefined;
  private isClosing = false;

  constructor(private readonly consumer: Consumer, private readonly options: GroupReaderOptions) {}

  /** Joins the group. @throws when it cannot be joined now, see `mayPass` */
  async start(): Promise<void> {
    const { consumer, options: { topic } } = this;
    consumer.on('consumer.group_join', ({ payload }) => this.joined(payload.memberAssignment[topic] ?? []));
    consumer.on('consumer.crash', ({ payload }) => this.fail(payload.error));
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      eachBatch: (payload) => this.taken(payload),
    });
    if (this.failure) throw this.failure;
  }

  /** The next records, as soon as there are some. @returns undefined after `close`. @throws whatever ended the reading */
  async next(): Promise<Arrival | undefined> {
    for (;;) {
      if (this.failure) throw this.failure;
      if (this.isClosing) return undefined;
      const news = this.bell.heard(); // before looking
      const arrival = this.oldest();
      if (arrival) {
        this.bytes -= sizeOf(arrival);
        this.bell.ring();
        return arrival;
      }
      await news;
    }
  }

  /** Leaves the group. */
  async close(): Promise<void> {
    this.isClosing = true;
    this.bell.ring();
    await this.consumer.disconnect().catch(() => undefined);
  }

  private async taken(payload: EachBatchPayload): Promise<void> {
    const { batch } = payload;
    const round = this.round;
    const isOurs = () => payload.isRunning() && !this.isClosing && round === this.round;
    await this.until(this.placing, payload);
    if (payload.isStale()) return; // fetched before it was known where to begin
    while (this.bytes >= WAITING_BYTES && isOurs()) await this.until(this.bell.heard(), payload);
    if (!isOurs()) return;
    this.push({ lane: batch.partition, round, messages: batch.messages });
    payload.resolveOffset(batch.lastOffset());
  }

  /** Synchronous up to `placing`, so that no batch is taken before it is known where to begin. */
  private joined(lanes: readonly number[]): void {
    this.round++;
    this.waiting = [];
    this.bytes = 0;
    this.placing = this.place(lanes, this.round).catch((error: Error) => this.fail(error));
    this.bell.ring();
  }

  private async place(lanes: readonly number[], round: number): Promise<void> {
    const { topic, place } = this.options;
    const offsets = await place(lanes);
    if (round !== this.round || this.isClosing) return;
    for (const [lane, offset] of offsets) this.consumer.seek({ topic, partition: lane, offset });
  }

  /** What waits longest, with what waits behind it in its lane: a reader that is late takes more at once. */
  private oldest(): Arrival | undefined {
    const [first] = this.waiting;
    if (!first) return undefined;
    const messages: KafkaMessage[] = [];
    this.waiting = this.waiting.filter((arrival) => {
      if (arrival.lane !== first.lane || messages.length >= JOINED) return true;
      messages.push(...arrival.messages);
      return false;
    });
    return { ...first, messages };
  }

  private push(arrival: Arrival): void {
    this.waiting.push(arrival);
    this.bytes += sizeOf(arrival);
    this.bell.ring();
  }

  private fail(error: Error): void {
    this.failure ??= error;
    this.bell.ring();
  }

  /** @throws when the group is being shared out anew: the batch is then let go */
  private async until(done: Promise<void>, payload: EachBatchPayload): Promise<void> {
    const stop = new AbortController();
    let isDone = false;
    const settled = done.then(() => void (isDone = true));
    while (!isDone) {
      await Promise.race([settled, delay(HEARTBEAT_MS, undefined, { signal: stop.signal }).catch(() => undefined)]);
      if (!isDone) await payload.heartbeat();
    }
    stop.abort();
  }
}

const sizeOf = ({ messages }: Arrival): number => messages.reduce((sum, { value, headers }) => sum + (value?.length ?? 0) + (headers?.['meta']?.length ?? 0) + 400, 0);
