import type { Fact } from '@parley/kernel/event.js';
import { type Change, changeOf, type Projection, type TenantKeyed } from '@parley/kernel/projection.js';
import type { RowChange } from '@parley/kernel/rollup.js';
import { Undecodable } from '../personal-data/undecodable.js';
import { reasonOf } from './database-errors.js';
import { type Place, placeOf, type Readable, storedNames } from './readable.js';

/** A fact that concerns a projection, with what it asks of it, or why that cannot be told. */
export interface Step {
  readonly place: Place;
  readonly change?: Change;
  readonly reason?: string;
}

/** A fact that a projection could not take in. */
export interface Poison {
  readonly place: Place;
  readonly reason: string;
}

/** What a batch of facts makes of a table. */
export interface Folded {
  /** What each row becomes; undefined: it goes. Rows that stay as they are, are not here. */
  readonly rows: ReadonlyMap<string, TenantKeyed | undefined>;
  readonly keys: ReadonlyMap<string, TenantKeyed>;
  /** What each of these rows was; undefined: there was none. */
  readonly before: ReadonlyMap<string, TenantKeyed | undefined>;
  /** By stream: what stopped it. */
  readonly poison: ReadonlyMap<string, Poison>;
  /** By stream: how many facts wait behind what stopped it. */
  readonly waiting: ReadonlyMap<string, Waiting>;
}

export interface Waiting {
  readonly tenantId: string;
  readonly count: number;
}

/**
 * @param after facts at or below this position are done
 * @param refused the facts that the database did not take, by event id, with the reason
 */
export function stepsOf(projection: Projection, facts: readonly Readable[], after: bigint, refused: ReadonlyMap<string, string> = NONE): readonly Step[] {
  const names = namesOf(projection);
  const steps: Step[] = [];
  for (const fact of facts) {
    const place = placeOf(fact);
    if (place.position <= after || !names.has(place.type)) continue;
    steps.push(fact instanceof Undecodable ? { place, reason: fact.reason } : read(projection, fact, place, refused.get(place.eventId)));
  }
  return steps;
}

/** The keys of the rows that a fold of these steps must know, by id: sums over the table need what every row was. */
export function needed({ rollups = [] }: Projection, steps: readonly Step[]): ReadonlyMap<string, TenantKeyed> {
  const keys = new Map<string, TenantKeyed>();
  for (const { change } of steps) if (change && (rollups.length > 0 || !change.fresh)) keys.set(change.id, change.key);
  return keys;
}

/** A batch that is being folded. */
export class Folding implements Folded {
  readonly rows = new Map<string, TenantKeyed | undefined>();
  readonly keys = new Map<string, TenantKeyed>();
  readonly before = new Map<string, TenantKeyed | undefined>();
  readonly poison = new Map<string, Poison>();
  readonly waiting = new Map<string, Waiting>();

  /**
   * @param rowOf the row that is there
   * @param parked streams that were stopped before
   */
  constructor(private readonly rowOf: (id: string) => TenantKeyed | undefined, private readonly parked: { has(stream: string): boolean }) {}

  /** Goes on with these. */
  take(steps: readonly Step[]): this {
    for (const step of steps) this.takeOne(step);
    return this;
  }

  private takeOne({ place, change, reason }: Step): void {
    const { rows, poison, waiting } = this;
    const { stream, tenantId } = place;
    if (this.parked.has(stream) || poison.has(stream)) {
      waiting.set(stream, { tenantId, count: (waiting.get(stream)?.count ?? 0) + 1 });
    } else if (!change) {
      poison.set(stream, { place, reason: reason! });
    } else {
      try {
        const before = rows.has(change.id) ? rows.get(change.id) : this.rowOf(change.id);
        const after = change.evolve(before);
        if (after === before && !(change.fresh && after === undefined)) return;
        if (!rows.has(change.id)) this.before.set(change.id, before);
        rows.set(change.id, after);
        this.keys.set(change.id, change.key);
      } catch (error) {
        poison.set(stream, { place, reason: reasonOf(error) });
      }
    }
  }
}

/** What a batch made of each row that it changed. */
export function* changesOf({ rows, before }: Pick<Folded, 'rows' | 'before'>): Generator<RowChange> {
  for (const [id, after] of rows) yield { before: before.get(id), after };
}

function read(projection: Projection, fact: Fact, place: Place, refused: string | undefined): Step {
  if (refused !== undefined) return { place, reason: refused };
  try {
    return { place, change: changeOf(projection, fact)! };
  } catch (error) {
    return { place, reason: reasonOf(error) };
  }
}

const NONE: ReadonlyMap<string, string> = new Map();

const names = new WeakMap<Projection, ReadonlySet<string>>();

function namesOf(projection: Projection): ReadonlySet<string> {
  const known = names.get(projection) ?? storedNames(projection);
  names.set(projection, known);
  return known;
}
