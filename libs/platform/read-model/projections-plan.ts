import type { StoreIdentity } from '../event-store/event-store.js';
import { areTwins, type Build, isOf } from './builds.js';
import type { Queries } from './table-access.js';
import type { Target } from './table-name.js';
import type { Table } from './table.js';

/** A table that is further behind than this is brought up beside the others, so that it does not hold them back. */
const FAR_BEHIND = 10_000n;

/** What becomes of a table when it has got to the end of the log: it is served; or it goes on with the others, maybe to be compared there. */
export type Ending = 'publish' | 'join';

/** Which tables go on together, and which are built beside them. */
export interface Plan {
  readonly live: readonly Target[];
  readonly building: readonly (Target & { readonly ending: Ending })[];
  /** Of those that are built: no table of their read model can be queried yet. */
  readonly isUnserved: boolean;
  readonly twins: readonly Twins[];
}

/** Two tables of one definition, both among the live: what is served, and what is to take its place when the rows were compared. */
export interface Twins {
  readonly served: string;
  readonly built: string;
}

interface Place {
  readonly table: string;
  readonly position: bigint;
  readonly isForeign: boolean;
}

/**
 * @param database as projector
 * @param tables as this release declares them
 * @param builds of all of them
 */
export async function planOf(database: Queries, here: StoreIdentity, tables: readonly Table[], builds: readonly Build[]): Promise<Plan> {
  const { rows } = await database.query<Place>({
    text: `select table_name as "table", min(position) as position, bool_or(store_id <> $2 or epoch <> $3) as "isForeign"
      from parley.projection_checkpoints where table_name = any($1) group by table_name`,
    values: [builds.map(({ table }) => table), here.storeId, here.epoch],
  });
  const places = new Map(rows.map((place) => [place.table, place]));
  const furthest = rows.reduce((most, { position, isForeign }) => (position > most && !isForeign ? position : most), 0n);
  /** One that was filled from another log cannot go on: it is among the live so that it is said. */
  const isNear = ({ table }: Build) => {
    const place = places.get(table);
    return place !== undefined && (place.isForeign || furthest - place.position <= FAR_BEHIND);
  };

  const [live, building, twins]: [Target[], (Target & { ending: Ending })[], Twins[]] = [[], [], []];
  for (const { declared, own, served } of fedBuilds(tables, builds, places)) {
    for (const build of own) {
      const target = { projection: declared.projection, suffix: build.suffix };
      const isTwin = build.state === 'building' && served !== undefined && areTwins(build, served) && !places.get(served.table)?.isForeign;
      const ending = build.state === 'building' && !isTwin ? 'publish' : 'join';
      if (!isNear(build) || ending === 'publish') building.push({ ...target, ending });
      else live.push(target);
      if (isNear(build) && isTwin) twins.push({ served: served.table, built: build.table });
    }
  }
  return { live, building, twins, isUnserved: building.some(({ projection: { name } }) => !builds.some((build) => build.name === name && build.state === 'served')) };
}

interface Fed {
  readonly declared: Table;
  readonly own: readonly Build[];
  /** What queries see, if it is of this release's definition. */
  readonly served: Build | undefined;
}

/**
 * What a release fills: the table that is served and those that are to be, when they are of its definition; else the latest of its own,
 * which another release's has replaced. What was served before and is of the same definition rests at its place until somebody goes
 * back to it.
 */
function* fedBuilds(tables: readonly Table[], builds: readonly Build[], places: ReadonlyMap<string, Place>): Generator<Fed> {
  for (const declared of tables) {
    const mine = builds.filter((build) => build.name === declared.projection.name && isOf(build, declared));
    const there = mine.filter(({ state, table }) => state === 'building' || places.has(table));
    const current = there.filter(({ state }) => state === 'served' || state === 'building');
    yield { declared, own: current.length > 0 ? current : there.slice(0, 1), served: there.find(({ state }) => state === 'served') };
  }
}
