import { setTimeout as delay } from 'node:timers/promises';
import { BACKWARDS, END, type Position, type ResolvedEvent, START, streamNameFilter } from '@eventstore/db-client';
import type { Bell } from './bell.js';
import type { EsdbConnection } from './esdb.connection.js';
import { FactReader } from './esdb.facts.js';
import type { SameLog } from './esdb.same-log.js';
import type { StoredFact } from './event-store.js';

/** How much of the log's end is kept; up to twice as much, so that it is seldom cut. */
const FACTS = 1_024;
const CHARACTERS = 4 * 2 ** 20;

/** Between two tries to subscribe, and how often followers look unasked: a subscription may be dead without anyone having told us. */
const [BACKOFF_MS, BACKOFF_MAX_MS] = [100, 2_000];
const POLL_MS = 5_000;

/**
 * The end of the log, by one subscription for all who follow it in this process. It rings when facts come, and serves them from memory.
 *
 * Subscriptions never resume by themselves, so this one is begun anew at the end whenever it was lost; what came between is read from
 * the store by those who need it. The server's checkpoints are not used: they run ahead of the facts that came before them.
 */
export class EsdbTail {
  private facts: StoredFact[] = [];
  private characters = 0;
  /** All facts after this position are here; undefined while we do not listen. */
  private from: bigint | undefined;
  private readonly stop = new AbortController();
  private readonly poll: NodeJS.Timeout;
  private readonly running: Promise<void>;
  private isRinging = false;

  constructor(private readonly connection: EsdbConnection, private readonly bell: Bell, private readonly log: SameLog) {
    this.poll = setInterval(() => bell.ring(), POLL_MS).unref();
    this.running = this.run();
  }

  get isListening(): boolean {
    return this.from !== undefined;
  }

  /** @returns undefined when only the store knows: what comes by the subscription may be behind what we know to be there */
  after(position: bigint, limit: number): readonly StoredFact[] | undefined {
    const last = this.facts.at(-1)?.position ?? 0n;
    if (this.from === undefined || position < this.from || position >= last) return undefined;
    const index = this.facts.findLastIndex((fact) => fact.position <= position) + 1;
    const facts = this.facts.slice(index, index + limit);
    return facts.length === limit || last >= this.log.seen ? facts : undefined;
  }

  /** The connection is closed beside, so that nothing waits for an answer. */
  async close(): Promise<void> {
    clearInterval(this.poll);
    this.stop.abort();
    await this.running;
  }

  private async run(): Promise<void> {
    const { signal } = this.stop;
    for (let backoffMs = BACKOFF_MS; !signal.aborted; backoffMs = Math.min(2 * backoffMs, BACKOFF_MAX_MS)) {
      try {
        await this.listen();
      } catch {
        // whatever it was: the next try tells, or those who read
      }
      if (this.from !== undefined) backoffMs = BACKOFF_MS;
      this.forget();
      if (signal.aborted) return;
      this.connection.lost();
      this.bell.ring();
      await delay(backoffMs, undefined, { signal }).catch(() => undefined);
    }
  }

  /** Ends when the subscription does. */
  private async listen(): Promise<void> {
    const end = await this.end();
    const client = await this.connection.current();
    if (this.stop.signal.aborted) return;
    // What the server writes for itself need not travel.
    const subscription = client.subscribeToAll({ fromPosition: end ?? START, filter: streamNameFilter({ regex: '^[^$]' }) });
    subscription.once('confirmation', () => {
      this.from = end?.commit ?? 0n;
      this.ring(); // what landed before we listened
    });
    const reader = new FactReader();
    for await (const event of subscription as AsyncIterable<ResolvedEvent>) {
      this.connection.heard();
      this.take(reader.next(event));
    }
  }

  /** The position of the last event of any kind. */
  private async end(): Promise<Position | undefined> {
    const [last] = await this.connection.page((client) => client.readAll({ direction: BACKWARDS, fromPosition: END, maxCount: 1 }));
    return last?.event?.position;
  }

  private take(fact: StoredFact | undefined): void {
    if (!fact) return;
    this.log.saw(fact);
    this.facts.push(fact);
    this.characters += sizeOf(fact);
    if (this.facts.length > 2 * FACTS || this.characters > 2 * CHARACTERS) this.cut();
    this.ring();
  }

  private cut(): void {
    let dropped = 0;
    while (this.facts.length - dropped > FACTS || this.characters > CHARACTERS) {
      this.from = this.facts[dropped]!.position;
      this.characters -= sizeOf(this.facts[dropped++]!);
    }
    this.facts.splice(0, dropped);
  }

  /** Once for all that came together: those who follow then take them together. */
  private ring(): void {
    if (this.isRinging) return;
    this.isRinging = true;
    setImmediate(() => {
      this.isRinging = false;
      this.bell.ring();
    });
  }

  private forget(): void {
    this.facts = [];
    this.characters = 0;
    this.from = undefined;
  }
}

const sizeOf = ({ data, meta }: StoredFact): number => data.length + meta.length;
