import type { StoreIdentity } from '../event-store/event-store.js';

/** How far a reactor has got in one lane of which log. All facts up to there are done or parked. */
export interface ReactorCheckpoint extends StoreIdentity {
  readonly reactor: string;
  readonly lane: number;
  readonly position: bigint;
}

/** A fact that a reactor could not take, or that waits behind such a one of its stream. */
export interface ParkedReaction {
  readonly tenantId: string;
  readonly reactor: string;
  readonly eventId: string;
  readonly stream: string;
  readonly position: bigint;
  /** For operators: an error's name and message, or which event it waits behind. */
  readonly reason: string;
  readonly tries: number;
}

/** Names a parked fact. */
export type ParkedName = Pick<ParkedReaction, 'tenantId' | 'reactor' | 'eventId'>;

/** Who decided that a fact is passed over, and why: kept. */
export interface Skip {
  readonly actorId: string;
  readonly reason: string;
  readonly now: Date;
}

/** A stream of which a reactor takes no fact until the first that is parked was retried or skipped. */
export interface BlockedStream {
  readonly reactor: string;
  readonly stream: string;
  /** Someone asked to try again. */
  readonly isWished: boolean;
}

/** What reactors remember: how far they are, and what they had to put aside. */
export abstract class ReactionStore {
  /** @param lane one alone; default: all of them */
  abstract checkpoints(reactors: readonly string[], lane?: number): Promise<readonly ReactorCheckpoint[]>;

  /** Never takes a checkpoint of the same store back. */
  abstract save(checkpoints: readonly ReactorCheckpoint[]): Promise<void>;

  /**
   * Parks a fact that failed, or renews its reason and adds to its tries; a wish to retry its stream is then fulfilled. One that only
   * waits (0 tries) stays as it is when it is parked already.
   */
  abstract park(parked: ParkedReaction): Promise<void>;

  /** What is parked, in the order of the log. */
  abstract parked(reactors: readonly string[], stream?: string): Promise<readonly ParkedReaction[]>;

  /** It was taken after all. */
  abstract unpark(name: ParkedName): Promise<void>;

  /** Passes over a fact, on the record; what waits behind it is to be tried. @returns false when it is not parked */
  abstract skip(name: ParkedName, skip: Skip): Promise<boolean>;

  /** Asks whoever runs the reactor, in whichever process, to try its parked facts again. @returns of how many streams */
  abstract wishRetry(reactor: string, stream?: string): Promise<number>;

  /** The streams that wait behind a parked fact. */
  abstract blocked(reactors: readonly string[]): Promise<readonly BlockedStream[]>;
}
