import type { Client } from 'pg';
import { epochAt } from '../event-store/epoch.js';
import { connectClient } from '../postgres/connect.js';
import type { Databases } from '../postgres/databases.js';
import { type BackupHead, itemsIn, type Row, type TableHead } from './backup-file.js';

/** Rows that travel at once, and their text. */
const PAGE = 500;
const MAX_TEXT = 2_000_000;
const PATIENCE_MS = 600_000;

/** There is a Parley already where another should be restored to. */
export class NotEmpty extends Error {
  constructor() {
    super('There are facts in this database already: restore into a new data folder or a new database.');
    this.name = 'NotEmpty';
  }
}

/** The backup has a table, or a column of one, that this release does not know. */
export class BackupOfOtherRelease extends Error {
  constructor(table: string) {
    super(`The backup has ${table}, which this release does not know: restore it by the release that made it, or a later one.`);
    this.name = 'BackupOfOtherRelease';
  }
}

/**
 * Puts what files hold into a database that has the tables and no facts. All of it or nothing; then the store is the one of the backup,
 * set back: whoever followed it further is told so.
 *
 * @param files were verified, and are of one backup
 * @throws NotEmpty, BackupOfOtherRelease
 */
export async function restore(databases: Databases, files: readonly string[], { storeId, epoch: before }: BackupHead, now: Date, told: (rows: number) => void): Promise<number> {
  const epoch = epochAt(now, before);
  const client = await connectClient(databases.urls.writer, { timeoutMs: PATIENCE_MS });
  try {
    await client.query("set time zone 'UTC'; begin; select pg_advisory_xact_lock(hashtext('parley.events'))");
    const { rows } = await client.query<{ is_empty: boolean }>('select not exists (select from parley.events) as is_empty');
    if (!rows[0]!.is_empty) throw new NotEmpty();
    let count = 0;
    for (const file of files) count = await fill(client, file, epoch, (more) => told(count + more)).then((added) => count + added);
    await databases.owner.query('update parley.store set store_id = $1, epoch = $2', [storeId, epoch]);
    await client.query('commit');
    return epoch;
  } finally {
    await client.end(); // which rolls back what was not committed
  }
}

/**
 * Says that the database was set back to an earlier moment as a whole, as by Postgres's own recovery: raises the epoch of the store, and
 * of all in the database that was at its place of then. Positions and tokens of the time that is gone are refused.
 */
export async function markSetBack({ owner, writer, urls }: Databases, now: Date): Promise<number> {
  const { rows } = await owner.query<{ epoch: number }>('select epoch from parley.store');
  const epoch = epochAt(now, rows[0]!.epoch);
  const tables = await writer.query<{ name: string }>(
    `select c.oid::regclass::text as name from pg_policy p join pg_class c on c.oid = p.polrelid
     where p.polname = 'only_for' and exists (select from pg_attribute where attrelid = c.oid and attname = 'epoch') and exists (select from pg_attribute where attrelid = c.oid and attname = 'store_id')`,
  );
  const client = await connectClient(urls.writer);
  try {
    await client.query('begin');
    for (const { name } of tables.rows) await client.query(`update ${name} set epoch = $1 where store_id = (select store_id from parley.store)`, [epoch]);
    await owner.query('update parley.projection_checkpoints set epoch = $1 where store_id = (select store_id from parley.store)', [epoch]);
    await owner.query('update parley.store set epoch = $1', [epoch]);
    await client.query('commit');
  } finally {
    await client.end();
  }
  return epoch;
}

async function fill(client: Client, file: string, epoch: number, told: (rows: number) => void): Promise<number> {
  let table: TableHead | undefined;
  let [rows, text, count]: [Row[], number, number] = [[], 0, 0];
  const flush = async () => {
    if (rows.length > 0) await insert(client, table!, rows, epoch);
    told((count += rows.length));
    [rows, text] = [[], 0];
  };
  for await (const item of itemsIn(file)) {
    if (!isRow(item)) {
      await flush();
      await mustKnow(client, (table = item));
      continue;
    }
    rows.push(item);
    text += item.reduce((sum, value) => sum + (value?.length ?? 0), 0);
    if (rows.length >= PAGE || text > MAX_TEXT) await flush();
  }
  await flush();
  return count;
}

const isRow = (item: TableHead | Row): item is Row => Array.isArray(item);

/** Places in the log that were true when the backup was made, are true in the store as it is set back. */
async function insert(client: Client, { table, columns }: TableHead, rows: readonly Row[], epoch: number): Promise<void> {
  const value = ([name, type]: readonly [string, string], index: number) => (name === 'epoch' && columns.some(([each]) => each === 'store_id') ? `${epoch}` : `(r->>${index})::${type}`);
  const text = `insert into ${table} (${columns.map(([name]) => `"${name}"`).join(', ')}) select ${columns.map(value).join(', ')} from json_array_elements($1::json) t(r)`;
  await client.query(text, [JSON.stringify(rows)]);
}

async function mustKnow(client: Client, { table, columns }: TableHead): Promise<void> {
  const { rows } = await client.query<{ name: string; type: string }>(
    'select attname as name, format_type(atttypid, atttypmod) as type from pg_attribute where attrelid = to_regclass($1) and attnum > 0 and not attisdropped',
    [table],
  );
  if (rows.length === 0) throw new BackupOfOtherRelease(table);
  for (const [name, type] of columns) if (!rows.some((each) => each.name === name && each.type === type)) throw new BackupOfOtherRelease(`${table}.${name}`);
}
