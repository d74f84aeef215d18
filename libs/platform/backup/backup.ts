import type { Client } from 'pg';
import type { Databases } from '../postgres/databases.js';
import { connectClient } from '../postgres/connect.js';
import type { BackupHead, BackupPart, Row, TableHead } from './backup-file.js';

/** Rows that travel at once. */
const PAGE = 1_000;

/** A table of hours may be read in one go. */
const PATIENCE_MS = 600_000;

/** The keys of people are kept apart from what they open. */
const KEYS = 'parley.person_keys';

/** One moment of a Parley, to be written down. The server may run: what it writes meanwhile is not in it. */
export class Moment {
  private constructor(private readonly client: Client, private readonly tables: readonly TableHead[], private readonly about: Omit<BackupHead, 'part'>) {}

  /** @param masterKey its fingerprint */
  static async open(databases: Databases, masterKey: string): Promise<Moment> {
    const client = await connectClient(databases.urls.writer, { timeoutMs: PATIENCE_MS });
    await client.query("set time zone 'UTC'; set extra_float_digits = 3; begin isolation level repeatable read read only");
    const { rows } = await client.query<{ storeId: string; epoch: number; head: bigint; now: Date }>(
      'select store_id as "storeId", epoch, (select coalesce(max(position), 0) from parley.events) as head, now() from parley.store',
    );
    const { storeId, epoch, head, now } = rows[0]!;
    const about = { parley: 'backup', format: 1, storeId, epoch, head: `${head}`, takenAt: now.toISOString(), masterKey } as const;
    return new Moment(client, await writersTables(client), about);
  }

  head(part: BackupPart): BackupHead {
    return { ...this.about, part };
  }

  /** Tables and rows, the log first. @param told how many rows were read so far */
  async *items(part: BackupPart, told: (rows: number) => void): AsyncGenerator<TableHead | Row> {
    let count = 0;
    for (const table of this.tables.filter((each) => (each.table === KEYS) === (part === 'keys'))) {
      yield table;
      const values = table.columns.map(([name]) => `"${name}"::text`).join(', ');
      await this.client.query(`declare backup no scroll cursor for select array[${values}] as row from ${table.table}${table.table === LOG ? ' order by position' : ''}`);
      for (let isMore = true; isMore; ) {
        const { rows } = await this.client.query<{ row: Row }>(`fetch ${PAGE} from backup`);
        for (const { row } of rows) yield row;
        told((count += rows.length));
        isMore = rows.length === PAGE;
      }
      await this.client.query('close backup');
    }
  }

  async close(): Promise<void> {
    await this.client.end();
  }
}

const LOG = 'parley.events';

/**
 * All that the command side has written: the log, and tables that no log can give back. Read models are folds of the log and are made
 * again. Which tables these are, the catalogue knows: a new one needs no line here.
 */
async function writersTables(client: Client): Promise<readonly TableHead[]> {
  const { rows } = await client.query<TableHead>(
    `select n.nspname || '.' || c.relname as "table",
       (select array_agg(array[a.attname::text, format_type(a.atttypid, a.atttypmod)] order by a.attnum) from pg_attribute a
        where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = '') as columns
     from pg_policy p join pg_class c on c.oid = p.polrelid join pg_namespace n on n.oid = c.relnamespace
     where p.polname = 'only_for' and c.relkind = 'r' and has_table_privilege(c.oid, 'select') order by n.nspname || '.' || c.relname <> $1, 1`,
    [LOG],
  );
  return rows;
}
