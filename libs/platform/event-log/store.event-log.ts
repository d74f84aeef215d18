import type { EventStore } from '../event-store/event-store.js';
import { subscribe } from '../event-store/subscription.js';
import { type Delivery, EventLog, type FollowOptions } from './event-log.js';

/** Reads the event store directly: one lane, no broker. For as long as one machine carries it all. */
export class StoreEventLog extends EventLog {
  readonly lanes = 1;

  constructor(private readonly store: EventStore) {
    super();
  }

  get identity() {
    return this.store.identity;
  }

  async *follow({ after, limit, signal }: FollowOptions): AsyncGenerator<Delivery, void> {
    if (signal.aborted) return;
    for await (const facts of subscribe(this.store, { after: await after(0), limit, signal })) yield { lane: 0, facts, through: facts.at(-1)!.position };
  }

  head(): Promise<bigint> {
    return this.store.head();
  }

  laneOf(): number {
    return 0;
  }

  /** The store is closed by whoever opened it. */
  async close(): Promise<void> {}
}
