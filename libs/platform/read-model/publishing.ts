import type { PoolClient } from 'pg';
import type { Databases } from '../postgres/databases.js';
import type { Roles } from '../postgres/schema.js';
import { rollupOf, type Table } from './table.js';

/** How long publishing waits for those who read: behind it new readers queue. */
const LOCK_TIMEOUT_MS = 3_000;

/**
 * Lets queries see these tables, in one transaction, in place of those of an earlier version. The same or a later version stays in
 * place: an old release that starts once more must not take the view back.
 *
 * The table that was replaced stays for those who still fill or read it, and for a way back; it goes with the next one after.
 *
 * @returns false when a table has not got to where the one it would replace is: queries would go back in time
 */
export async function publish({ owner, roles }: Databases, tables: readonly Table[]): Promise<boolean> {
  const client = await owner.connect();
  try {
    await client.query(`begin; set local lock_timeout = ${LOCK_TIMEOUT_MS}; select pg_advisory_xact_lock(hashtext('parley.schema'))`);
    const behind = await publishAll(client, roles, tables);
    await client.query(behind ? 'rollback' : 'commit');
    client.release();
    return !behind;
  } catch (error) {
    client.release(true); // closes the connection, which rolls back
    throw error;
  }
}

async function publishAll(client: PoolClient, roles: Roles, tables: readonly Table[]): Promise<boolean> {
  for (const table of tables) {
    const { name, version } = table.projection;
    const { rows } = await client.query<{ version: number; table_name: string }>('select version, table_name from parley.read_models where name = $1', [name]);
    const served = rows[0];
    if (served && served.version >= version) continue;
    if (served && (await isBehind(client, table.name, served.table_name))) return true;
    await client.query({ text: 'select parley.drop_reports_of($1)', values: [name] });
    await client.query(view(name, table.name, roles));
    for (const { name: sums, rollup } of table.rollups) await client.query(view(rollup.name, sums, roles));
    await client.query(
      `insert into parley.read_models (name, version, table_name) values ($1, $2, $3)
       on conflict (name) do update set version = excluded.version, table_name = excluded.table_name, published_at = clock_timestamp()`,
      [name, version, table.name],
    );
    if (served) await dropBefore(client, name, served.version);
  }
  await client.query('select parley.make_reports()');
  return false;
}

/** Locks both, so that neither moves before the view does. */
async function isBehind(client: PoolClient, next: string, served: string): Promise<boolean> {
  const { rows } = await client.query<{ table_name: string; lane: number; position: bigint }>(
    'select table_name, lane, position from parley.projection_checkpoints where table_name = any($1) order by table_name, lane for update',
    [[next, served]],
  );
  const came = new Map(rows.filter(({ table_name }) => table_name === next).map(({ lane, position }) => [lane, position]));
  return rows.some(({ table_name, lane, position }) => table_name === served && (came.get(lane) ?? 0n) < position);
}

/** With the rights of who asks: a view with its owner's would show every tenant's rows. */
const view = (name: string, table: string, { app, projector }: Roles) => `
  drop view if exists ${name};
  create view ${name} with (security_invoker = true) as select * from ${table};
  grant select on ${name} to "${app}", "${projector}"`;

async function dropBefore(client: PoolClient, name: string, version: number): Promise<void> {
  const { rows } = await client.query<{ table_name: string }>(
    `select c.oid::regclass::text as table_name from pg_class c where c.relkind = 'r' and c.relnamespace = $1::regnamespace and c.relname ~ $2
       and substring(c.relname from '\\d+$')::int < $3`,
    [name.split('.')[0], `^${name.split('.')[1]}_v\\d+$`, version],
  );
  for (const { table_name: table } of rows) {
    // The checkpoint first, as projectors do: one that is at work on the table is waited for, and then finds that it is gone.
    await client.query('delete from parley.projection_checkpoints where table_name = $1', [table]);
    await client.query(`drop table ${table}`);
  }
  await dropRollupsBefore(client, name, version);
}

/** With the view of one that is no more: those that are, were made anew over the tables of today. */
async function dropRollupsBefore(client: PoolClient, name: string, version: number): Promise<void> {
  const { rows } = await client.query<{ table_name: string }>(
    `select c.oid::regclass::text as table_name from pg_class c where c.relkind = 'r' and obj_description(c.oid, 'pg_class') = $1 and substring(c.relname from '\\d+$')::int < $2`,
    [rollupOf({ name }), version],
  );
  for (const { table_name: table } of rows) await client.query(`drop table ${table} cascade`);
}

