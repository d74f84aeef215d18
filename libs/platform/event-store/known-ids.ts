import { LRUCache } from 'lru-cache';
import type { StoredFact } from './event-store.js';

/** Most facts whose ids are kept, over all streams: about 20 MB. */
const FACTS = 100_000;

/** Where a fact is. Of several that were written together only the last one's position is known. */
type Place = Pick<StoredFact, 'revision'> & Partial<Pick<StoredFact, 'position'>>;

/** The ids that a stream holds, up to a revision. */
export interface StreamIds {
  /** The last revision whose id is known; all before it are, too. -1 when none is. */
  readonly through: bigint;
  get(eventId: string): Place | undefined;
}

/**
 * Which fact ids the streams hold that were read or written lately: for a store that cannot be asked by id.
 * A stream's past does not change, so what is known stays true.
 */
export class KnownIds {
  private readonly streams = new LRUCache<string, Known>({ maxSize: FACTS, sizeCalculation: ({ ids }) => ids.size + 1 });

  of(stream: string): StreamIds {
    return this.streams.get(stream) ?? NOTHING;
  }

  /** @param facts in order. Those that do not follow on what is known are left out: there may be others between */
  learn(stream: string, facts: readonly (Place & Pick<StoredFact, 'eventId'>)[]): void {
    const known = this.streams.get(stream) ?? new Known();
    for (const { eventId, revision, position } of facts) if (revision === known.through + 1n) known.add(eventId, { revision, ...(position !== undefined && { position }) });
    if (known.through >= 0n) this.streams.set(stream, known); // set anew, so that its size is counted anew
  }
}

class Known implements StreamIds {
  through = -1n;
  readonly ids = new Map<string, Place>();

  get(eventId: string): Place | undefined {
    return this.ids.get(eventId);
  }

  add(eventId: string, place: Place): void {
    this.ids.set(eventId, place);
    this.through = place.revision;
  }
}

const NOTHING: StreamIds = { through: -1n, get: () => undefined };
