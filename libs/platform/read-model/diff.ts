import type { Projection } from '@parley/kernel/projection.js';
import type { Client } from 'pg';
import { differencesIn, openMoment, type RowDifference } from './comparing.js';
import { highest, hold, type Held, lowest, type Stand } from './holding.js';
import { type Parts, Scratch } from './scratch.js';
import { type Comparable, servedTables } from './served-tables.js';
import { allOf } from './table.js';

/** Facts that may be left to fold while projectors wait for us. */
const CLOSE = 5_000n;

/** A tenant that is named is compared alone, from its facts. */
export interface Diffing extends Parts {
  readonly projections: readonly Projection[];
  /** Go on where an earlier run stopped. */
  readonly isResumed?: boolean;
  readonly signal: AbortSignal;
  readonly progress: (progress: Progress) => void;
  /** Called for each row that differs. */
  readonly found: (difference: TableDifference) => void;
}

export interface Progress {
  /** How far the log is folded, and how far that is to go. */
  readonly position: bigint;
  readonly target: bigint;
  /** The table that is being compared, once the log is folded. */
  readonly table?: string;
}

export interface TableDifference extends RowDifference {
  /** As queries name it. */
  readonly table: string;
}

/** A stream that waits behind a fact for what is served, or for what the log gives, and not for the other. */
export interface ParkedDifference {
  readonly projection: string;
  readonly stream: string;
  readonly eventId: string;
  readonly waitsIn: 'table' | 'fold';
}

export interface DiffReport {
  /** Every fact up to this place of the log was compared; in lanes that have come further, more. */
  readonly position: bigint;
  readonly tables: number;
  /** Rows that differ. */
  readonly differences: number;
  readonly parked: readonly ParkedDifference[];
  /** Read models that could not be compared, and why. */
  readonly leftOut: readonly { readonly projection: string; readonly reason: string }[];
}

/** Somebody stopped it. What was folded is kept: it can go on from there. */
export class DiffStopped extends Error {
  constructor(readonly position: bigint) {
    super(`stopped at position ${position}`);
    this.name = 'DiffStopped';
  }
}

/**
 * Folds the log into tables beside those that are served, and compares them cell by cell at one moment, while people read and write.
 *
 * When the fold is close, the projectors are held for as long as it takes to fold the rest: then a snapshot of the database shows both
 * at the same place of the log, and they go on. Memory is bounded: the fold is a projector's, the comparison one of Postgres's own.
 *
 * @throws DiffStopped when aborted
 */
export async function diff(options: Diffing): Promise<DiffReport> {
  const { databases, store, projections, tenantId, isResumed = false, signal } = options;
  const { comparable, lanes, leftOut } = await servedTables(databases.projector, store.identity, projections);
  if (comparable.length === 0) return { position: 0n, tables: 0, differences: 0, parked: [], leftOut };
  const scratch = await Scratch.open(options, comparable, { lanes, isResumed });
  try {
    const { moment, position } = await foldToOneMoment(scratch, comparable, options);
    const abort = () => void moment.end().catch(() => undefined);
    signal.addEventListener('abort', abort);
    try {
      let differences = 0;
      for (const each of comparable) differences += await compare(moment, each, scratch, position, options);
      const report = { position, tables: comparable.length, differences, parked: await parkedDifferences(moment, comparable, scratch, tenantId), leftOut };
      await moment.end();
      await scratch.drop();
      return report;
    } catch (error) {
      if (signal.aborted) throw new DiffStopped(position);
      throw error;
    } finally {
      signal.removeEventListener('abort', abort);
      await moment.end().catch(() => undefined);
    }
  } finally {
    await scratch.close();
  }
}

async function foldToOneMoment(scratch: Scratch, comparable: readonly Comparable[], { databases, signal, progress }: Diffing): Promise<{ moment: Client; position: bigint }> {
  const names = comparable.map(({ served }) => served);
  const told = (target: Stand) => (position: bigint) => progress({ position, target: highest(target) });
  for (;;) {
    const behind = await hold(databases, names, async (held) => {
      const target = commonTo(held);
      const folded = await scratch.stand();
      if (target.some((position, lane) => position - folded[lane]! > CLOSE)) return target; // let them go: it would take too long
      await scratch.fold(target, signal, told(target));
      for (const { served, declared } of comparable) {
        const stand = held.get(served)!;
        if (stand.some((position, lane) => position > target[lane]!)) await scratch.foldOne(declared.projection, stand, signal);
      }
      if (signal.aborted) throw new DiffStopped(await scratch.position());
      return { moment: await openMoment(databases.urls.projector), position: lowest(target) };
    });
    if ('moment' in behind) return behind;
    await scratch.fold(behind, signal, told(behind));
    if (signal.aborted) throw new DiffStopped(await scratch.position());
  }
}

/** How far all tables are, by lane. */
const commonTo = (held: Held): Stand => [...held.values()].reduce((common, stand) => common.map((position, lane) => lowest([position, stand[lane]!])));

async function compare(moment: Client, { declared, servedSuffix }: Comparable, scratch: Scratch, position: bigint, { tenantId, progress, found }: Diffing): Promise<number> {
  let count = 0;
  for (const { of, columns, key } of allOf(declared)) {
    progress({ position, target: position, table: of });
    const compared = { table: { columns, key }, expected: of + scratch.suffixOf(declared.projection), actual: of + servedSuffix, ...(tenantId && { tenantId }) };
    for await (const difference of differencesIn(moment, compared)) {
      count++;
      found({ ...difference, table: of });
    }
  }
  return count;
}

async function parkedDifferences(moment: Client, comparable: readonly Comparable[], scratch: Scratch, tenantId?: string): Promise<readonly ParkedDifference[]> {
  const { rows } = await moment.query<ParkedDifference>({
    text: `select t.projection, p.stream, p.event_id as "eventId", case when p.is_folded then 'fold' else 'table' end as "waitsIn"
      from unnest($1::text[], $2::text[], $3::text[]) t(projection, served, folded)
      cross join lateral (
        select stream, event_id, bool_or(table_name = t.folded) as is_folded from parley.parked_facts
        where table_name in (t.served, t.folded) and ($4::uuid is null or tenant_id = $4) group by stream, event_id having count(*) = 1) p
      order by 1, 2`,
    values: [comparable.map(({ declared }) => declared.projection.name), comparable.map(({ served }) => served), comparable.map(({ declared: { projection } }) => projection.name + scratch.suffixOf(projection)), tenantId],
  });
  return rows;
}
