import { defineError } from '@parley/kernel/domain-error.js';

/** A fact as a store holds it: envelope in columns, data and metadata as canonical JSON text, personal fields sealed. */
export interface StoredFact {
  readonly eventId: string;
  readonly tenantId: string;
  readonly type: string;
  /** Canonical JSON: never re-ordered or re-formatted by a store, for hashes are taken over it. */
  readonly data: string;
  /** Canonical JSON of FactMeta. */
  readonly meta: string;
  /** Place in the whole log: rises strictly from 1. */
  readonly position: bigint;
  readonly stream: string;
  /** Place in its stream: 0, 1, 2 … */
  readonly revision: bigint;
  /** Milliseconds, as the store's clock had it. */
  readonly recordedAt: Date;
}

/** A fact that waits to be appended. */
export type ProposedFact = Pick<StoredFact, 'eventId' | 'tenantId' | 'type' | 'data' | 'meta'>;

/** Which log this is. Positions mean nothing in another store, nor in an older copy of the same one. */
export interface StoreIdentity {
  readonly storeId: string;
  /** Raised whenever the store was set back to an older state. */
  readonly epoch: number;
}

/** The revision of a stream that has no facts yet. */
export const NO_STREAM = -1n;

/** @example streamName('chat.conversation', tenantId, id) // chat.conversation-0190….0191… */
export const streamName = (category: string, tenantId: string, id: string) => `${category}-${tenantId}.${id}`;

/** What became of an append. */
export interface Appended {
  /** Place of the last fact in its stream. */
  readonly revision: bigint;
  /** Place of the last fact in the whole log. */
  readonly position: bigint;
  /** The stream held the facts already. What it holds may differ from what was given now, e.g. in its times. */
  readonly repeated: boolean;
}

/** Someone else appended first. Read the tail of the stream and decide again. */
export class RevisionConflict extends Error {
  constructor(readonly stream: string, readonly expected: bigint) {
    super(`${stream} is no longer at revision ${expected}`);
  }
}

/** So many appends wait already that one more would only wait too. Nothing was written. */
export class StoreBusy extends defineError('EVENT_STORE_BUSY', 'unavailable', 'Too many changes wait to be written.', 'Send the same request again after `retryAfterMs`.') {}

/** The store takes no append of that size, at no time. Nothing was written. */
export class FactTooLarge extends defineError('EVENT_STORE_FACT_TOO_LARGE', 'limit', 'This is more than the log takes at once.', 'Send less, or in several parts.') {}

/** The store did not answer, or could not write (a full disk). Whether the append was written is open; the same again is written once. */
export class StoreUnavailable extends defineError(
  'EVENT_STORE_UNAVAILABLE',
  'unavailable',
  'The log cannot be reached.',
  'Send the same request again, with the same idempotency key: it takes effect once.',
) {}

/** The log is no longer the one that was opened, or was set back: what was taken from it before must not be mixed with it. */
export class StoreReplaced extends Error {
  constructor(why: string) {
    super(`The event store is not the one that was followed so far: ${why}. Rebuild from this store, or bring the former one back.`);
    this.name = 'StoreReplaced';
  }
}

/** The configured store cannot be opened. Its message is a sentence for the person at the terminal. */
export class EventStoreUnusable extends Error {}

export interface StreamPage {
  /** First revision of the page. Default 0. */
  readonly from?: bigint;
  /** Most facts in the page. */
  readonly limit: number;
}

export interface BackwardsPage {
  /** The page ends before this revision. Default: at the end of the stream. */
  readonly before?: bigint;
  readonly limit: number;
}

export interface TenantPage {
  /** Only facts of these stored names. Default: all. */
  readonly types?: readonly string[];
  /** Only facts after this position. Default 0. */
  readonly after?: bigint;
  /** Only facts up to this position, itself among them. Default: to the end of the log. */
  readonly until?: bigint;
  /** Most facts in the page. */
  readonly limit: number;
  /** The latest first: go on by `until`, not by `after`. */
  readonly isBackwards?: boolean;
}

/** The log of facts: the one place where anything is ever written first. */
export abstract class EventStore {
  abstract readonly identity: StoreIdentity;

  /**
   * Appends all facts or none.
   *
   * @param expected the revision that the decision rests on, or NO_STREAM
   * @param facts at least one, of one tenant. When the stream holds any of them already, by eventId, nothing is written.
   * @throws RevisionConflict when the stream is at another revision; StoreBusy when too many appends wait (nothing was written);
   *   StoreUnavailable when the outcome is open: append again, the same
   */
  abstract append(stream: string, expected: bigint, facts: readonly ProposedFact[]): Promise<Appended>;

  /**
   * Appends facts that another store recorded, as they are: ids, revisions, data, metadata, instants; only positions are new. What is
   * there already, of this copy, is left out, so the same page may come again.
   *
   * @param facts in the order of the other log, without a gap
   * @throws RevisionConflict when a stream is not where a fact goes on: then facts before it may have been written
   */
  abstract copyIn(facts: readonly StoredFact[]): Promise<void>;

  /** A page of one stream, in order. Empty when there is nothing from there on. */
  abstract read(stream: string, page: StreamPage): Promise<readonly StoredFact[]>;

  /** A page of one stream, latest first. */
  abstract readBackwards(stream: string, page: BackwardsPage): Promise<readonly StoredFact[]>;

  /** The fact with this id, if the stream holds it. */
  abstract find(stream: string, eventId: string): Promise<StoredFact | undefined>;

  /**
   * At most `limit` facts of the whole log after a position, in order; fewer when the store knew of no more. A position once passed never gains a fact.
   *
   * @param after 0, or the position of a fact. Between facts of a log with gaps there are no positions
   */
  abstract readAll(after: bigint, limit: number): Promise<readonly StoredFact[]>;

  /** A page of one tenant's facts, in the order of the log. Fewer than `limit` only when there are no more. */
  abstract readTenant(tenantId: string, page: TenantPage): Promise<readonly StoredFact[]>;

  /**
   * The position of the last fact that was recorded at or before an instant; 0 when there is none. All facts of an append bear one
   * instant, so an instant never cuts a command in half. (Where the store's clock was set back, the answer is one of the places
   * where the instant was passed, and the same each time.)
   */
  abstract positionAt(instant: Date): Promise<bigint>;

  /** The position of the last fact; 0 in an empty log. @throws StoreReplaced when this is no longer the store that was opened */
  abstract head(): Promise<bigint>;

  /**
   * Says that the log was set back to an older state, by the server's own means: from here on it has a higher epoch, and who followed it
   * further is refused. To be opened anew.
   *
   * Missing where the log lies in Parley's own database, which was set back with all that followed it (`markSetBack` of backup).
   *
   * @returns the epoch
   */
  markSetBack?(now: Date): Promise<number>;

  /** Settles when facts may have been appended since the call. May settle for nothing; never misses. */
  abstract news(): Promise<void>;

  /** Writes what waits, then lets go of connections. */
  abstract close(): Promise<void>;
}
