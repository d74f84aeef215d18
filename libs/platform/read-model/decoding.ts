import type { Projection } from '@parley/kernel/projection.js';
import type { StoredFact } from '../event-store/event-store.js';
import type { Codec } from '../personal-data/codec.js';
import { Slices } from '../running/slices.js';
import { ParkedFactSkipped } from './operations.events.js';
import { type Readable, storedNames } from './readable.js';

/**
 * Reads stored facts as projections want them: sealed, in today's shape. Facts that none of them names are left out unread; what an
 * operator let a projection pass over is among them.
 *
 * @throws Error when two projections declare one name differently
 */
export function decodingFor(codec: Pick<Codec, 'decode'>, projections: readonly Projection[], slices = new Slices()): (stored: readonly StoredFact[]) => Promise<readonly Readable[]> {
  const names = new Set([ParkedFactSkipped.type, ...projections.flatMap((projection) => [...storedNames(projection)])]);
  const definitions = definitionsOf(projections);
  return async (stored) => {
    const read: Readable[] = [];
    for await (const some of slices.of(stored.filter(({ type }) => names.has(type)))) read.push(...(await codec.decode(some, definitions, { open: false })));
    return read;
  };
}

function definitionsOf(projections: readonly Projection[]): Projection['events'] {
  const all: Record<string, Projection['events'][string]> = { ParkedFactSkipped };
  for (const { name, events } of projections) {
    for (const [type, definition] of Object.entries(events)) {
      if (all[type] && all[type] !== definition) throw new Error(`${name}: another projection knows another ${type}`);
      all[type] = definition;
    }
  }
  return all;
}
