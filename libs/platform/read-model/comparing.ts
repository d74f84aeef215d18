import { id } from '@parley/kernel/meta.js';
import type { Client } from 'pg';
import { connectClient } from '../postgres/connect.js';
import type { Column, Table } from './table.js';

/** Rows that travel at once. */
const PAGE = 500;

/** One comparison reads two whole tables, and may say nothing until its end. */
const PATIENCE_MS = 3_600_000;

/** A cell of a row that is in both tables, as Postgres writes it. */
export interface CellDifference {
  readonly column: string;
  readonly expected: string | null;
  readonly actual: string | null;
}

/** A row that is not the same in both tables. */
export interface RowDifference {
  /** Of the key, by column. */
  readonly key: Readonly<Record<string, string>>;
  /** `missing`: it should be there. `surplus`: it should not. */
  readonly kind: 'missing' | 'surplus' | 'changed';
  /** Of a changed row those that differ, of another all. */
  readonly cells: readonly CellDifference[];
}

/** Two tables of one shape. */
export interface Compared {
  readonly table: Pick<Table, 'columns' | 'key'>;
  readonly expected: string;
  readonly actual: string;
  /** Only the rows of this one. */
  readonly tenantId?: string;
}

/**
 * Opens one moment of the database: what is read by it is as it was then, whatever is written meanwhile.
 *
 * @param url as projector
 */
export async function openMoment(url: string): Promise<Client> {
  const client = await connectClient(url, { timeoutMs: PATIENCE_MS });
  await client.query("set time zone 'UTC'; begin isolation level repeatable read read only; select from parley.projection_checkpoints limit 1");
  return client;
}

/** The rows that differ, as Postgres finds them by one join of both tables: it holds no more of them than its `work_mem`, and we a page. */
export async function* differencesIn(moment: Client, compared: Compared): AsyncGenerator<RowDifference, void> {
  const { key, columns } = compared.table;
  const values = valuesOf(compared.table);
  const cells = (of: readonly Column[]) => of.flatMap(({ name }, index) => [`a.${name}::text as "a${index}"`, `e.${name}::text as "e${index}"`]);
  const keys = key.map(({ name }, index) => `coalesce(a.${name}, e.${name})::text as "k${index}"`);
  const text = `select a.tenant_id is not null as "isActual", e.tenant_id is not null as "isExpected", ${[...keys, ...cells(columns)].join(', ')} from ${joined(compared)}`;
  await moment.query({ text: `declare differing no scroll cursor for ${text}` });
  for (;;) {
    const { rows } = await moment.query<Found>(`fetch ${PAGE} from differing`);
    for (const row of rows) yield differenceOf(row, key, columns, values);
    if (rows.length < PAGE) break;
  }
  await moment.query('close differing');
}

export async function countDifferences(moment: Client, compared: Compared): Promise<number> {
  const { rows } = await moment.query<{ count: bigint }>(`select count(*) as count from ${joined(compared)}`);
  return Number(rows[0]!.count);
}

type Found = Readonly<Record<string, string | null>> & { readonly isActual: boolean; readonly isExpected: boolean };

function differenceOf(row: Found, key: readonly Column[], columns: readonly Column[], values: readonly Column[]): RowDifference {
  const all = columns.map(({ property }, index) => ({ column: property, expected: row[`e${index}`]!, actual: row[`a${index}`]! }));
  const cells = all.filter(({ column, expected, actual }) => expected !== actual && values.some(({ property }) => property === column));
  const named = Object.fromEntries(key.map(({ property }, index) => [property, row[`k${index}`]!]));
  return { key: named, kind: !row.isActual ? 'missing' : !row.isExpected ? 'surplus' : 'changed', cells };
}

const valuesOf = ({ columns, key }: Compared['table']) => columns.filter(({ property }) => !key.some((each) => each.property === property));

/** What differs, from `a`(ctual) and `e`(xpected). */
function joined({ table, expected, actual, tenantId }: Compared): string {
  const rows = (of: string) => `(select * from ${of}${tenantId ? ` where tenant_id = '${id.parse(tenantId)}'` : ''})`;
  const values = valuesOf(table);
  const list = (of: string) => `row(${values.map(({ name, type }) => `${of}.${name}${type === 'json' ? '::jsonb' : ''}`).join(', ')})`;
  const on = table.key.map(({ name }) => `a.${name} = e.${name}`).join(' and ');
  const changed = values.length > 0 ? ` or ${list('a')} is distinct from ${list('e')}` : '';
  return `${rows(actual)} a full join ${rows(expected)} e on ${on} where a.tenant_id is null or e.tenant_id is null${changed}`;
}
