import { type Build, type BuildState, isOf } from './builds.js';
import type { Paces } from './pace.js';
import type { Queries } from './table-access.js';
import type { Table } from './table.js';

/** How one table of a projection is. */
export interface TableStatus {
  readonly table: string;
  readonly version: number;
  readonly state: BuildState;
  readonly position: bigint;
  readonly lag: bigint;
  /** How many streams wait behind a fact that could not be taken in. */
  readonly parked: number;
  /** How many facts wait in them. */
  readonly waiting: number;
  readonly startedAt: Date;
  readonly publishedAt: Date | undefined;
  /** How many rows differed from those that it replaced; undefined: not compared. */
  readonly differences: number | undefined;
  /** While it is behind: how fast it goes, and how long that takes; undefined when nobody knows. */
  readonly factsPerSecond: number | undefined;
  readonly secondsLeft: number | undefined;
}

/** How one projection is: of the table that this release is building, else of the one that it fills. */
export interface ProjectionStatus extends Pick<TableStatus, 'position' | 'lag' | 'parked' | 'waiting' | 'factsPerSecond' | 'secondsLeft'> {
  readonly projection: string;
  readonly version: number;
  /** The table that this version fills. */
  readonly table: string;
  /** The version that queries see; undefined when they see none yet. */
  readonly servedVersion: number | undefined;
  /** Where the log ends. */
  readonly head: bigint;
  /** A table is being built, and queries do not see it yet. */
  readonly rebuilding: boolean;
  /** All tables that are there, latest first. */
  readonly tables: readonly TableStatus[];
}

interface Row {
  readonly table_name: string;
  readonly position: bigint | null;
  readonly parked: bigint;
  readonly waiting: bigint;
}

/**
 * @param database as projector
 * @param tables as this release declares them
 * @param builds of all of them
 */
export async function statusOf(database: Queries, tables: readonly Table[], builds: readonly Build[], head: bigint, paces: Paces): Promise<readonly ProjectionStatus[]> {
  const { rows } = await database.query<Row>({
    text: `select t.table_name, min(c.position) as position,
        (select count(*) from parley.parked_facts p where p.table_name = t.table_name) as parked,
        (select coalesce(sum(p.waiting), 0)::bigint from parley.parked_facts p where p.table_name = t.table_name) as waiting
      from unnest($1::text[]) t(table_name) left join parley.projection_checkpoints c using (table_name) group by t.table_name`,
    values: [builds.map(({ table }) => table)],
  });
  const byTable = new Map(rows.map((row) => [row.table_name, row]));
  return tables.map((declared) => {
    const { name: projection, version } = declared.projection;
    const own = builds.filter(({ name }) => name === projection);
    const all = own.map((build) => tableStatus(build, byTable.get(build.table)!, head, paces));
    const mine = all.filter((_, index) => isOf(own[index]!, declared));
    const shown = mine.find(({ state }) => state === 'building') ?? mine.find(({ state }) => state === 'served') ?? mine[0];
    const { table, position, lag, factsPerSecond, secondsLeft } = shown ?? { ...NOT_BEGUN, table: declared.name, lag: head };
    const filled = mine.filter(({ state }) => state !== 'kept');
    const servedVersion = own.find(({ state }) => state === 'served')?.version;
    return {
      projection, version, table, servedVersion, position, head, lag, factsPerSecond, secondsLeft,
      parked: Math.max(0, ...filled.map(({ parked }) => parked)),
      waiting: Math.max(0, ...filled.map(({ waiting }) => waiting)),
      rebuilding: shown?.state === 'building' || servedVersion === undefined,
      tables: all,
    };
  });
}

const NOT_BEGUN = { position: 0n, factsPerSecond: undefined, secondsLeft: undefined };

function tableStatus({ table, version, state, startedAt, publishedAt, differences }: Build, row: Row, head: bigint, paces: Paces): TableStatus {
  const position = row.position ?? 0n;
  const lag = head > position ? head - position : 0n;
  const factsPerSecond = lag === 0n ? undefined : (paces.of(table) ?? (state === 'building' ? sinceItsStart(position, startedAt) : undefined));
  const secondsLeft = factsPerSecond ? Math.ceil(Number(lag) / factsPerSecond) : undefined;
  return { table, version, state, position, lag, parked: Number(row.parked), waiting: Number(row.waiting), startedAt, publishedAt, differences, factsPerSecond, secondsLeft };
}

/** Another process builds it: all that we know is when it began. */
function sinceItsStart(position: bigint, startedAt: Date): number | undefined {
  const seconds = (Date.now() - startedAt.getTime()) / 1_000;
  return seconds > 0 && position > 0n ? Number(position) / seconds : undefined;
}
