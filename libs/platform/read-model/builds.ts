import type { PoolClient } from 'pg';
import type { Databases } from '../postgres/databases.js';
import { REBUILT } from './read-model.schema.js';
import type { Queries } from './table-access.js';
import { suffixOf } from './table-name.js';
import { rollupOf, type Table } from './table.js';

/**
 * `building` takes the place of what is served as soon as it is as far; `kept` was served before, and is there for a way back;
 * `withdrawn` was served until somebody went back from it, and is not served again by itself.
 */
export type BuildState = 'building' | 'served' | 'kept' | 'withdrawn';

/** A table that is there for a read model, or is to be: one for each time it was built. */
export interface Build {
  readonly table: string;
  /** Of the read model. */
  readonly name: string;
  readonly version: number;
  readonly suffix: string;
  /** Undefined: made by a release that did not say, so nobody knows. */
  readonly shape: string | undefined;
  readonly state: BuildState;
  readonly startedAt: Date;
  readonly publishedAt: Date | undefined;
  /** How many of its rows differed from those that were served; undefined: not compared. */
  readonly differences: number | undefined;
}

/** Whether a build is made by this declaration: by the same version of the fold, into the same columns. */
export const isOf = ({ version, shape }: Pick<Build, 'version' | 'shape'>, { projection, shape: ours }: Pick<Table, 'projection' | 'shape'>): boolean =>
  version === projection.version && (shape === undefined || shape === ours);

/** Whether two builds must hold the same rows. */
export const areTwins = (one: Build, other: Build): boolean => one.version === other.version && one.shape === other.shape;

/** All tables of the given read models, latest first. @param database as owner or as projector */
export async function readBuilds(database: Queries, names: readonly string[]): Promise<readonly Build[]> {
  const { rows } = await database.query<Omit<Build, 'shape' | 'publishedAt' | 'differences'> & { shape: string | null; publishedAt: Date | null; differences: bigint | null }>({
    text: `select table_name as "table", name, version, suffix, shape, state, started_at as "startedAt", published_at as "publishedAt", differences
      from parley.read_model_builds where name = any($1) order by started_at desc, table_name desc`,
    values: [names],
  });
  return rows.map(({ shape, publishedAt, differences, ...row }) => ({
    ...row,
    shape: shape ?? undefined,
    publishedAt: publishedAt ?? undefined,
    differences: differences === null ? undefined : Number(differences),
  }));
}

/**
 * Sees to it that there is a build for each declaration: a raised version, a new read model, other columns and a table whose checkpoint
 * is gone need a new one.
 *
 * @param tables as this release declares them
 */
export async function declareBuilds(databases: Databases, tables: readonly Table[]): Promise<readonly Build[]> {
  const names = tables.map(({ projection }) => projection.name);
  const known = await readBuilds(databases.projector, names);
  if (!(await needsBuild(databases.projector, tables, known))) return known;
  return locked(databases, async (client) => {
    await adopt(client, names);
    const builds = await readBuilds(client, names);
    const lost = await withoutCheckpoint(client, builds);
    for (const table of tables) {
      const own = builds.filter((build) => build.name === table.projection.name);
      if (!own.some((build) => isOf(build, table) && !lost.has(build.table))) await begin(client, table, own);
    }
    return readBuilds(client, names);
  });
}

/** Begins another build of each of these tables, beside what is there. */
export function rebuild(databases: Databases, tables: readonly Table[]): Promise<void> {
  return locked(databases, async (client) => {
    const builds = await readBuilds(client, tables.map(({ projection }) => projection.name));
    for (const table of tables) {
      const own = builds.filter(({ name }) => name === table.projection.name);
      if (!own.some((build) => build.state === 'building' && isOf(build, table))) await begin(client, table, own);
    }
    await client.query(`notify ${REBUILT}`);
  });
}

/** Drops tables that were replaced so many days ago. */
export async function dropExpired(databases: Databases, keepDays: number): Promise<void> {
  const old = { text: "select name, table_name from parley.read_model_builds where state in ('kept', 'withdrawn') and replaced_at < now() - make_interval(days => $1)", values: [keepDays] };
  const { rows } = await databases.projector.query<{ table_name: string }>(old);
  if (rows.length > 0) await locked(databases, async (client) => {
    for (const { table_name: table } of (await client.query<{ table_name: string }>(old)).rows) await dropBuild(client, table);
  });
}

/** The checkpoint first, as projectors do: one that is at work on the table is waited for, and then finds that it is gone. */
export async function dropBuild(client: PoolClient, table: string): Promise<void> {
  await client.query('delete from parley.projection_checkpoints where table_name = $1', [table]);
  await client.query(`drop table if exists ${table}`);
  // With the view of sums that are no more: those that are, were turned to the tables of today.
  const rollups = await client.query<{ name: string }>(
    `select c.oid::regclass::text as name from pg_class c join parley.read_model_builds b on obj_description(c.oid, 'pg_class') = $2 || b.name and right(c.relname, length(b.suffix)) = b.suffix
     where c.relkind = 'r' and b.table_name = $1`,
    [table, rollupOf({ name: '' })],
  );
  for (const { name } of rollups.rows) await client.query(`drop table ${name} cascade`);
  await client.query('delete from parley.parked_facts where table_name = $1', [table]);
  await client.query('delete from parley.read_model_builds where table_name = $1', [table]);
}

/** One who changes what is built at a time. */
export async function locked<Result>({ owner }: Databases, work: (client: PoolClient) => Promise<Result>): Promise<Result> {
  const client = await owner.connect();
  try {
    await client.query("begin; select pg_advisory_xact_lock(hashtext('parley.schema'))");
    const result = await work(client);
    await client.query('commit');
    client.release();
    return result;
  } catch (error) {
    client.release(true); // closes the connection, which rolls back
    throw error;
  }
}

async function needsBuild(database: Queries, tables: readonly Table[], builds: readonly Build[]): Promise<boolean> {
  const lost = await withoutCheckpoint(database, builds);
  return tables.some((table) => !builds.some((build) => build.name === table.projection.name && isOf(build, table) && !lost.has(build.table)));
}

/** Tables that were begun, and whose checkpoint somebody deleted: what they hold belongs to no place of the log. */
async function withoutCheckpoint(database: Queries, builds: readonly Build[]): Promise<ReadonlySet<string>> {
  const { rows } = await database.query<{ table_name: string }>({
    text: 'select distinct table_name from parley.projection_checkpoints where table_name = any($1)',
    values: [builds.map(({ table }) => table)],
  });
  const there = new Set(rows.map(({ table_name }) => table_name));
  return new Set(builds.filter(({ table, state }) => state !== 'building' && !there.has(table)).map(({ table }) => table));
}

/** Tables of releases that kept no record of them. */
async function adopt(client: PoolClient, names: readonly string[]): Promise<void> {
  await client.query(
    `insert into parley.read_model_builds (table_name, name, version, suffix, state, started_at, published_at)
     select name || s.suffix, name, s.version, s.suffix, case when table_name = name || s.suffix then 'served' else 'kept' end, published_at, published_at
     from parley.read_models m cross join lateral (
       select substring(c.relname from '_v\\d+$') as suffix, substring(c.relname from '\\d+$')::int as version from pg_class c
       where c.relkind = 'r' and c.relnamespace = to_regnamespace(split_part(m.name, '.', 1)) and c.relname ~ ('^' || split_part(m.name, '.', 2) || '_v\\d+$')) s
     where m.name = any($1) on conflict do nothing`,
    [names],
  );
}

async function begin(client: PoolClient, { projection: { name, version }, shape }: Table, own: readonly Build[]): Promise<void> {
  const builds = own.filter((build) => build.version === version).map(({ suffix }) => Number(/_b(\d+)$/.exec(suffix)?.[1] ?? 1));
  const suffix = suffixOf({ version }, Math.max(0, ...builds) + 1); // a name that was just dropped is not used again at once
  await client.query('insert into parley.read_model_builds (table_name, name, version, suffix, shape, state) values ($1, $2, $3, $4, $5, $6)', [
    name + suffix, name, version, suffix, shape, 'building',
  ]);
}
