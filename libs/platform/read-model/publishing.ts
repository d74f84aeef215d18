import { setTimeout as delay } from 'node:timers/promises';
import { DatabaseError, type PoolClient } from 'pg';
import { dropBuild, locked } from './builds.js';
import { failpoint } from '../failpoints/failpoints.js';
import type { Databases } from '../postgres/databases.js';
import type { Roles } from '../postgres/schema.js';
import { REBUILT } from './read-model.schema.js';
import type { Table } from './table.js';

/** How long publishing waits for those who read: behind it new readers queue. Less than what Postgres takes to find a deadlock, of which a reader could be the victim. */
const LOCK_TIMEOUT_MS = 800;

/** How long a table that is served waits for one that is to take its place, and how often that one looks. */
const WAIT_MS = 2_000;
const LOOK_MS = 10;

/** A table, as far as it takes to have it read. */
export type Publishable = Pick<Table, 'name' | 'suffix' | 'shape' | 'projection'>;

/**
 * Lets queries see this table, in one transaction, in place of the one that they saw. One of an earlier version does not come into the
 * place of a later one: an old release that starts once more must not take the view back.
 *
 * The table that was replaced stays for those who still fill or read it, and for a way back; it goes with the next one after.
 *
 * One read model in one transaction: one that held a first view while it waits for a second would lock out, and could lock up with,
 * a reader that has the second and wants the first.
 *
 * @param differences how many of its rows differ from those that it replaces, where they were compared
 * @returns false when the table has not got to where the one it would replace is (queries would go back in time), or somebody reads for long
 */
export async function publish(databases: Databases, table: Publishable, differences?: number): Promise<boolean> {
  const isServed = await locked(databases, async (client) => {
    const { name, version } = table.projection;
    const served = await servedOf(client, name);
    if (served?.table_name === table.name) return true;
    if (served && served.version > version) {
      await record(client, table, 'kept');
      return true;
    }
    if (served && (await isBehind(client, table.name, served.table_name))) return false;
    await serve(client, databases.roles, table, served?.table_name);
    await client.query('update parley.read_model_builds set differences = $2 where table_name = $1', [table.name, differences]);
    await dropOthers(client, name, [table.name, served?.table_name ?? '']);
    await failpoint('swap.before_commit');
    return true;
  }).catch((error: unknown) => {
    if (error instanceof DatabaseError && error.code === LOCK_NOT_AVAILABLE) return false; // somebody reads for long: the next time, then
    throw error;
  });
  await failpoint('swap.after_commit');
  return isServed;
}

const LOCK_NOT_AVAILABLE = '55P03';

/** Publishes tables that are being filled meanwhile, one after another, until each is. */
export async function publishAll(databases: Databases, tables: readonly Publishable[], signal: AbortSignal): Promise<void> {
  for (const table of tables) {
    while (!signal.aborted && !(await publish(databases, table))) await delay(LOOK_MS, undefined, { signal }).catch(() => undefined);
  }
}

export async function servedOf(client: PoolClient, name: string): Promise<{ readonly version: number; readonly table_name: string } | undefined> {
  const { rows } = await client.query<{ version: number; table_name: string }>('select version, table_name from parley.read_models where name = $1', [name]);
  return rows[0];
}

/** Turns the view to another table, and writes it down. @param replaced what becomes of the table that was served */
export async function serve(client: PoolClient, roles: Roles, table: Publishable, replaced?: string, as: 'kept' | 'withdrawn' = 'kept'): Promise<void> {
  const { name, version } = table.projection;
  await client.query(`set local lock_timeout = ${LOCK_TIMEOUT_MS}`);
  await client.query('select parley.drop_reports_of($1)', [name]); // they stand on the table itself, too
  for (const view of viewsOf(table)) await turn(client, roles, view);
  await client.query(
    `insert into parley.read_models (name, version, table_name) values ($1, $2, $3)
     on conflict (name) do update set version = excluded.version, table_name = excluded.table_name, published_at = clock_timestamp()`,
    [name, version, table.name],
  );
  if (replaced) await client.query('update parley.read_model_builds set state = $2, replaced_at = clock_timestamp() where table_name = $1', [replaced, as]);
  await client.query('select parley.make_reports()');
  await record(client, table, 'served');
  await client.query(`notify ${REBUILT}`);
}

/** Drops tables that were served once, but those named. */
export async function dropOthers(client: PoolClient, name: string, but: readonly string[]): Promise<void> {
  const { rows } = await client.query<{ table_name: string }>(
    "select table_name from parley.read_model_builds where name = $1 and state in ('kept', 'withdrawn') and table_name <> all($2)",
    [name, but],
  );
  for (const { table_name: table } of rows) await dropBuild(client, table);
}

/** Which view shows which table: that of the projection, and those of the sums over it. */
const viewsOf = ({ projection, suffix }: Publishable): readonly View[] =>
  [projection, ...(projection.rollups ?? [])].map(({ name }) => ({ view: name, table: name + suffix }));

interface View {
  readonly view: string;
  readonly table: string;
}

/**
 * With the rights of who asks: a view with its owner's would show every tenant's rows. A view that can show the new table as it is,
 * keeps its place, so that views of others which read it go on; it is made anew where a column went or has another type.
 */
async function turn(client: PoolClient, { app, projector }: Roles, { view, table }: View): Promise<void> {
  const [has, gets] = [await columnsIn(client, view), await columnsIn(client, table)];
  if (gets.size === 0) return; // an earlier release had no such sums
  const isKept = [...has].every(([column, type]) => gets.get(column) === type);
  const columns = isKept ? [...has.keys(), ...[...gets.keys()].filter((column) => !has.has(column))] : [...gets.keys()];
  if (!isKept) await client.query(`drop view ${view}`);
  await client.query(
    `create or replace view ${view} with (security_invoker = true) as select ${columns.map((column) => `"${column}"`).join(', ')} from ${table};
     grant select on ${view} to "${app}", "${projector}"`,
  );
}

/** Name and type of each column, in order; none where there is no such relation. */
async function columnsIn(client: PoolClient, relation: string): Promise<ReadonlyMap<string, string>> {
  const { rows } = await client.query<{ name: string; type: string }>(
    'select attname as name, format_type(atttypid, atttypmod) as type from pg_attribute where attrelid = to_regclass($1) and attnum > 0 and not attisdropped order by attnum',
    [relation],
  );
  return new Map(rows.map(({ name, type }) => [name, type]));
}

async function record(client: PoolClient, { name: table, suffix, shape, projection: { name, version } }: Publishable, state: 'served' | 'kept'): Promise<void> {
  await client.query(
    `insert into parley.read_model_builds (table_name, name, version, suffix, shape, state, published_at, replaced_at) values ($1, $2, $3, $4, $5, $6, clock_timestamp(), case when $6 = 'kept' then clock_timestamp() end)
     on conflict (table_name) do update set state = excluded.state, published_at = excluded.published_at, replaced_at = excluded.replaced_at`,
    [table, name, version, suffix, shape, state],
  );
}

interface Place {
  readonly lane: number;
  readonly position: bigint;
  /** Places in another log, or in another copy of it, say nothing about this one. */
  readonly log: string;
}

/**
 * Holds the table that is served where it is, until the next one has come as far or the time is over: where people write all the time,
 * one of them is always behind.
 */
async function isBehind(client: PoolClient, next: string, served: string): Promise<boolean> {
  const there = await placesOf(client, served, 'for update');
  for (const until = Date.now() + WAIT_MS; ; await delay(LOOK_MS)) {
    const came = await placesOf(client, next);
    const isThere = there.every(({ lane, position, log }) => came.some((each) => each.log !== log || (each.lane === lane && each.position >= position)));
    if (isThere || Date.now() > until) return !isThere;
  }
}

async function placesOf(client: PoolClient, table: string, lock = ''): Promise<readonly Place[]> {
  const { rows } = await client.query<Place>(`select lane, position, store_id || '/' || epoch as log from parley.projection_checkpoints where table_name = $1 order by lane ${lock}`, [table]);
  return rows;
}
