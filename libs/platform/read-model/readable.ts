import type { Fact } from '@parley/kernel/event.js';
import type { Projection } from '@parley/kernel/projection.js';
import type { StoredFact } from '../event-store/event-store.js';
import { Undecodable } from '../personal-data/undecodable.js';

/** A fact as it comes to a projector: sealed; or one that cannot be read, broken or written by a later release. */
export type Readable = Fact | Undecodable;

/** Which fact it is, whether or not it can be read. */
export type Place = Pick<StoredFact, 'eventId' | 'tenantId' | 'type' | 'stream' | 'position' | 'revision'>;

export function placeOf(readable: Readable): Place {
  if (readable instanceof Undecodable) return readable.stored;
  const { eventId, meta, type, stream, position, revision } = readable;
  return { eventId, tenantId: meta.tenantId, type, stream, position, revision };
}

/** Every name under which the log may hold the facts of a projection: those of today and those of before. */
export function storedNames(projection: Projection): ReadonlySet<string> {
  return new Set(Object.values(projection.events).flatMap(({ type, formerly }) => [type, ...Object.keys(formerly)]));
}
