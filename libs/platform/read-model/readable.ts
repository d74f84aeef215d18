import type { Fact } from '@parley/kernel/event.js';
import type { Projection } from '@parley/kernel/projection.js';
import type { StoredFact } from '../event-store/event-store.js';

/** A fact that cannot be decoded: broken, or written by a later release. Where it stands is known, what it says is not. */
export interface Unreadable {
  readonly stored: StoredFact;
  readonly reason: string;
}

/** A fact as it comes to a projector. */
export type Readable = Fact | Unreadable;

/** Which fact it is, whether or not it can be read. */
export type Place = Pick<StoredFact, 'eventId' | 'tenantId' | 'type' | 'stream' | 'position' | 'revision'>;

export const isReadable = (fact: Readable): fact is Fact => !('stored' in fact);

export function placeOf(fact: Readable): Place {
  if (!isReadable(fact)) return fact.stored;
  const { eventId, meta, type, stream, position, revision } = fact;
  return { eventId, tenantId: meta.tenantId, type, stream, position, revision };
}

/** Every name under which the log may hold the facts of a projection: those of today and those of before. */
export function storedNames(projection: Projection): ReadonlySet<string> {
  return new Set(Object.values(projection.events).flatMap(({ type, formerly }) => [type, ...Object.keys(formerly)]));
}
