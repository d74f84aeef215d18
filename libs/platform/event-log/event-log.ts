import type { StoredFact, StoreIdentity } from '../event-store/event-store.js';

/** Facts of one lane, in the order of their positions. */
export interface Delivery {
  /** Where order holds: 0 for a log that is read directly; the partition, where a broker carries it. A tenant stays in one lane. */
  readonly lane: number;
  /** None when there is nothing to take in, and the lane has come further all the same. */
  readonly facts: readonly StoredFact[];
  /** Every fact of the lane up to this position is in this delivery or in those before it. */
  readonly through: bigint;
}

export interface FollowOptions {
  /** Who follows: several processes of one name share the lanes among them (a consumer group). */
  readonly name: string;
  /** The last position taken in of a lane, asked when the lane is (again) ours; 0 to begin at the beginning. */
  readonly after: (lane: number) => Promise<bigint>;
  /** Most facts in one delivery. */
  readonly limit?: number;
  readonly signal: AbortSignal;
}

/** How facts come to those who follow them: at least once, in order within a lane. */
export abstract class EventLog {
  /** Which store the facts come from: stands beside each checkpoint. */
  abstract readonly identity: StoreIdentity;

  /** How many lanes there are: 0 to `lanes` - 1. */
  abstract readonly lanes: number;

  /** The lane that all facts of a tenant come in. */
  abstract laneOf(tenantId: string): number;

  /**
   * First what is there, then what comes. The next delivery is asked for when the last one was taken in. Ends when aborted.
   *
   * @throws StoreReplaced when the log ends before the place a follower has come to: it is not the log that was followed
   */
  abstract follow(options: FollowOptions): AsyncGenerator<Delivery, void>;

  /** The position of the last fact; how far a follower is behind is the difference. Feeds health and metrics. */
  abstract head(): Promise<bigint>;

  /** Lets go of connections; those who follow have been stopped. */
  abstract close(): Promise<void>;
}
