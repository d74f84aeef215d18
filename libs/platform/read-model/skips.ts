import type { Projection } from '@parley/kernel/projection.js';
import { Undecodable } from '../personal-data/undecodable.js';
import { ParkedFactSkipped } from './operations.events.js';
import type { Readable } from './readable.js';

/** A fact that a projection is to pass over, as the log says it. */
export interface Skip {
  readonly projection: string;
  readonly tenantId: string;
  readonly stream: string;
  readonly eventId: string;
  /** Where the log says it: from here on the stream goes on. */
  readonly position: bigint;
}

/** Some of a batch, in order: facts to take in, then a skip to follow. */
export interface Part {
  readonly facts: readonly Readable[];
  /** Missing before a skip: taken in is what the facts are, and between facts of a log with gaps there is no place to come to. */
  readonly through?: bigint;
  readonly skip?: Skip;
}

/**
 * Cuts a batch where it says that one of these projections is to pass over a fact. What is parked goes on at that place of the log and
 * at no other, so a table holds the same whenever it is folded: as it was skipped in one build, so it is in the next.
 */
export function* atSkips(facts: readonly Readable[], through: bigint, projections: readonly Pick<Projection, 'name'>[]): Generator<Part> {
  let from = 0;
  for (const [index, fact] of facts.entries()) {
    const skip = skipOf(fact);
    if (!skip || !projections.some(({ name }) => name === skip.projection)) continue;
    yield { facts: facts.slice(from, index), skip };
    from = index;
  }
  yield { facts: from === 0 ? facts : facts.slice(from), through };
}

function skipOf(fact: Readable): Skip | undefined {
  if (fact instanceof Undecodable || fact.type !== ParkedFactSkipped.type) return undefined;
  const { projection, stream, eventId } = fact.data as ReturnType<typeof ParkedFactSkipped>['data'];
  return { projection, tenantId: fact.meta.tenantId, stream, eventId, position: fact.position };
}
