import { conversations } from '@parley/chat/read/conversations/conversations.projection.js';
import { messages } from '@parley/chat/read/messages/messages.projection.js';
import { type Delivery, EventLog, type FollowOptions } from '@parley/platform/event-log/event-log.js';
import { feed } from '@parley/platform/read-model/feed.js';
import { ParkedStreams } from '@parley/platform/read-model/parked-streams.js';
import { PostgresProjector } from '@parley/platform/read-model/postgres.projector.js';
import { messagesDaily } from './counter.projection.js';
import type { CommandSideOfParley } from './parley.js';

/** A row of the list, a row of the transcript, a counter. */
export const projections = [conversations, messages, messagesDaily];

/** Everything as before the first fact. */
export const RESET = 'truncate chat.conversations_v3, chat.messages_v2, bench.messages_daily_v1; update parley.projection_checkpoints set position = 0, changes = changes + 1';

/** Folds the whole log into the three tables. @returns facts per second, from the first delivery to the last checkpoint */
export async function project({ databases, store, codec }: CommandSideOfParley, log: EventLog, name: string, count: number): Promise<number> {
  await databases.owner.query(RESET);
  const projector = await PostgresProjector.open(databases, store.identity, projections);
  const seen = new SeenLog(log);
  const end = new AbortController();
  let endedAt = 0;
  const taken = async () => {
    if (seen.count < count || !(await seen.isTakenBy((lane) => projector.checkpoint(lane)))) return;
    endedAt = performance.now();
    end.abort();
  };
  await feed({ log: seen, codec, streams: new ParkedStreams(databases, store, codec), projector, projections, name, signal: end.signal, taken });
  await projector.close();
  return count / ((endedAt - seen.startedAt) / 1_000);
}

/** A log that knows when its first delivery came, and the last fact of each lane. */
class SeenLog extends EventLog {
  startedAt = 0;
  count = 0;
  private readonly ends = new Map<number, bigint>();

  constructor(private readonly log: EventLog) {
    super();
  }

  get identity() {
    return this.log.identity;
  }

  get lanes() {
    return this.log.lanes;
  }

  async *follow(options: FollowOptions): AsyncGenerator<Delivery, void> {
    for await (const delivery of this.log.follow(options)) {
      this.startedAt ||= performance.now();
      this.count += delivery.facts.length;
      if (delivery.facts.length > 0) this.ends.set(delivery.lane, delivery.facts.at(-1)!.position);
      yield delivery;
    }
  }

  async isTakenBy(checkpoint: (lane: number) => Promise<bigint>): Promise<boolean> {
    for (const [lane, end] of this.ends) if ((await checkpoint(lane)) < end) return false;
    return true;
  }

  laneOf(tenantId: string): number {
    return this.log.laneOf(tenantId);
  }

  head(): Promise<bigint> {
    return this.log.head();
  }

  async close(): Promise<void> {}
}
