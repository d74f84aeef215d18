import type { Pool } from 'pg';
import type { Table } from './table.js';

/** How one projection is. */
export interface ProjectionStatus {
  readonly projection: string;
  readonly version: number;
  /** The table that this version fills. */
  readonly table: string;
  /** The version that queries see; undefined when they see none yet. */
  readonly servedVersion: number | undefined;
  readonly position: bigint;
  /** Where the log ends. */
  readonly head: bigint;
  readonly lag: bigint;
  /** How many streams wait behind a fact that could not be taken in. */
  readonly parked: number;
  /** How many facts wait in them. */
  readonly waiting: number;
  /** The table is being built, and queries do not see it yet. */
  readonly rebuilding: boolean;
}

interface Row {
  readonly table_name: string;
  readonly position: bigint | null;
  readonly parked: bigint;
  readonly waiting: bigint;
}

/** @param database as projector */
export async function statusOf(database: Pool, tables: readonly Table[], head: bigint): Promise<readonly ProjectionStatus[]> {
  const { rows } = await database.query<Row>({
    text: `select t.table_name, min(c.position) as position,
        (select count(*) from parley.parked_facts p where p.table_name = t.table_name) as parked,
        (select coalesce(sum(p.waiting), 0)::bigint from parley.parked_facts p where p.table_name = t.table_name) as waiting
      from unnest($1::text[]) t(table_name) left join parley.projection_checkpoints c using (table_name) group by t.table_name`,
    values: [tables.map(({ name }) => name)],
  });
  const served = await database.query<{ name: string; version: number }>('select name, version from parley.read_models');
  const byTable = new Map(rows.map((row) => [row.table_name, row]));
  const versions = new Map(served.rows.map(({ name, version }) => [name, version]));
  return tables.map(({ name: table, projection: { name: projection, version } }) => {
    const row = byTable.get(table)!;
    const position = row.position ?? 0n;
    const servedVersion = versions.get(projection);
    const lag = head > position ? head - position : 0n;
    return { projection, version, table, servedVersion, position, head, lag, parked: Number(row.parked), waiting: Number(row.waiting), rebuilding: (servedVersion ?? 0) < version };
  });
}
