import type { Projection } from '@parley/kernel/projection.js';
import type { Pool } from 'pg';
import { tableName } from './table-name.js';

/** A table that is further behind than this is brought up beside the others, so that it does not hold them back. */
const FAR_BEHIND = 10_000n;

/** Which projections go on together, and which are built beside them. */
export interface Plan {
  readonly live: readonly Projection[];
  readonly building: readonly Projection[];
  /** Of those that are built: no version of them can be queried yet. */
  readonly isUnserved: boolean;
}

/** @param database as projector */
export async function planOf(database: Pool, projections: readonly Projection[]): Promise<Plan> {
  const names = projections.map(({ name }) => name);
  const served = await database.query<{ name: string; version: number }>({ text: 'select name, version from parley.read_models where name = any($1)', values: [names] });
  const came = await database.query<{ table_name: string; position: bigint }>({
    text: 'select table_name, min(position) as position from parley.projection_checkpoints where table_name = any($1) group by table_name',
    values: [projections.map(tableName)],
  });
  const versions = new Map(served.rows.map(({ name, version }) => [name, version]));
  const positions = new Map(came.rows.map(({ table_name, position }) => [table_name, position]));
  const furthest = [...positions.values()].reduce((most, each) => (each > most ? each : most), 0n);
  const isLive = (projection: Projection) => {
    const position = positions.get(tableName(projection));
    // An old release that starts once more goes on with its table, though queries see a later one.
    return position !== undefined && (versions.get(projection.name) ?? 0) >= projection.version && furthest - position <= FAR_BEHIND;
  };
  const building = projections.filter((projection) => !isLive(projection));
  return { live: projections.filter(isLive), building, isUnserved: building.some(({ name }) => !versions.has(name)) };
}
