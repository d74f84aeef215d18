import { createHash } from 'node:crypto';
import type { Client } from 'pg';

/** A row as Postgres writes it, cell by cell in the order of the columns. */
export type Cells = readonly (string | null)[];

/** A table as queries see it. */
export interface ReadTable {
  /** Schema and name. */
  readonly name: string;
  readonly columns: readonly string[];
  /** Those of the columns by which a row is known. */
  readonly key: readonly string[];
  readonly rows: readonly Cells[];
  /** Rows by tenant, as each tenant's queries are shown them. */
  readonly shown: ReadonlyMap<string, Shown>;
}

/** What a role that is bound to a tenant sees. */
export interface Shown {
  readonly rows: number;
  /** Of other tenants. */
  readonly foreign: number;
}

/** No tenant: under row-level security such a caller sees nothing. */
export const NOBODY = '';

/** Every table that a read model stands in, sums over its rows among them. */
export async function readTables(database: Client): Promise<readonly ReadTable[]> {
  const { rows: tenants } = await database.query<{ tenant: string }>(`select distinct tenant_id::text as tenant from parley.events`);
  const tables: ReadTable[] = [];
  for (const { name, key } of await namesOf(database)) {
    const columns = await columnsOf(database, name);
    const rows = await rowsOf(database, name, columns);
    const shown = new Map<string, Shown>();
    for (const tenant of [NOBODY, ...tenants.map((each) => each.tenant)]) shown.set(tenant, await shownTo(database, name, tenant));
    tables.push({ name, columns: columns.map(({ column }) => column), key, rows, shown });
  }
  return tables;
}

/** The rows of a table of whatever kind, each cell in the one form that equal values have. */
export async function rowsOf(database: Client, table: string, columns: readonly Column[]): Promise<readonly Cells[]> {
  const cells = columns.map(({ column, type }) => (type === 'json' ? `"${column}"::jsonb::text` : `"${column}"::text`));
  const { rows } = await database.query<{ cells: Cells }>(`select array[${cells.join(', ')}]::text[] as cells from ${table}`);
  return rows.map((row) => row.cells).sort((a, b) => (lineOf(a) < lineOf(b) ? -1 : 1));
}

export const lineOf = (cells: Cells): string => JSON.stringify(cells);

/** The same for the same rows. @param rows in order */
export const digestOf = (rows: readonly Cells[]): string => createHash('sha256').update(rows.map(lineOf).join('\n')).digest('hex');

export interface Column {
  readonly column: string;
  readonly type: string;
}

export async function columnsOf(database: Client, table: string): Promise<readonly Column[]> {
  const { rows } = await database.query<Column>(
    `select attname::text as column, format_type(atttypid, null) as type from pg_attribute where attrelid = $1::regclass and attnum > 0 and not attisdropped order by attname`,
    [table],
  );
  return rows;
}

/** Rollups say in their comment whose they are; their views have the names that queries use. Keys are those of the tables behind the views. */
async function namesOf(database: Client): Promise<readonly Pick<ReadTable, 'name' | 'key'>[]> {
  const { rows } = await database.query<Pick<ReadTable, 'name' | 'key'>>(`
    with served as (select name, table_name, substr(table_name, length(name) + 1) as suffix from parley.read_models),
    behind as (
      select name, table_name::regclass as oid from served
      union
      select n.nspname || '.' || left(c.relname, -length(s.suffix)), c.oid from served s
      join pg_description d on d.description = 'rollup of ' || s.name join pg_class c on c.oid = d.objoid and d.objsubid = 0 join pg_namespace n on n.oid = c.relnamespace
      where c.relkind = 'r' and right(c.relname, length(s.suffix)) = s.suffix)
    select b.name, array_agg(a.attname::text) as key from behind b
    join pg_index i on i.indrelid = b.oid and i.indisprimary join pg_attribute a on a.attrelid = b.oid and a.attnum = any(i.indkey) group by 1 order by 1`);
  return rows;
}

async function shownTo(database: Client, table: string, tenant: string): Promise<Shown> {
  const { rows: [own] } = await database.query<{ role: string }>(`select format('%I', current_database() || '_app') as role`);
  await database.query(`set local role ${own!.role}`);
  try {
    await database.query(`select set_config('app.tenant_id', $1, true)`, [tenant]);
    const { rows } = await database.query<Shown>(`select count(*)::int as rows, (count(*) filter (where tenant_id::text <> $1))::int as "foreign" from ${table}`, [tenant]);
    return rows[0]!;
  } finally {
    await database.query('reset role');
  }
}
