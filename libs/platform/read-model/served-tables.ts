import type { Projection } from '@parley/kernel/projection.js';
import type { StoreIdentity } from '../event-store/event-store.js';
import { isOf, readBuilds } from './builds.js';
import type { Queries } from './table-access.js';
import { type Table, tablesOf } from './table.js';

/** A table that queries see, and that this release can fold again. */
export interface Comparable {
  readonly declared: Table;
  readonly served: string;
  readonly servedSuffix: string;
}

export interface ServedTables {
  readonly comparable: readonly Comparable[];
  /** In how many lanes they are filled. */
  readonly lanes: number;
  /** Read models whose table this release would make otherwise, and why. */
  readonly leftOut: readonly { readonly projection: string; readonly reason: string }[];
}

interface Place {
  readonly table: string;
  readonly lanes: bigint;
  readonly isForeign: boolean;
}

/** @param database as projector */
export async function servedTables(database: Queries, here: StoreIdentity, projections: readonly Projection[]): Promise<ServedTables> {
  const tables = await tablesOf(projections);
  const builds = await readBuilds(database, projections.map(({ name }) => name));
  const { rows } = await database.query<Place>({
    text: `select table_name as "table", count(*) as lanes, bool_or(store_id <> $2 or epoch <> $3) as "isForeign"
      from parley.projection_checkpoints where table_name = any($1) group by table_name`,
    values: [builds.map(({ table }) => table), here.storeId, here.epoch],
  });
  const places = new Map(rows.map((place) => [place.table, place]));
  const lanes = rows.reduce((most, place) => (place.lanes > most ? place.lanes : most), 1n);
  const comparable: Comparable[] = [];
  const leftOut: { projection: string; reason: string }[] = [];
  for (const declared of tables) {
    const { name } = declared.projection;
    const served = builds.find((build) => build.name === name && build.state === 'served');
    const place = served && places.get(served.table);
    const reason = !served || !place
      ? 'queries see no table of it yet'
      : !isOf(served, declared)
        ? `queries see version ${served.version} of another release, this one folds version ${declared.projection.version}`
        : place.isForeign
          ? 'what queries see was filled from another log: build it anew'
          : place.lanes !== lanes
            ? `it is filled in ${place.lanes} lanes, others in ${lanes}: let it come to the end first`
            : undefined;
    if (reason !== undefined) leftOut.push({ projection: name, reason });
    else comparable.push({ declared, served: served!.table, servedSuffix: served!.suffix });
  }
  return { comparable, lanes: Number(lanes), leftOut };
}
