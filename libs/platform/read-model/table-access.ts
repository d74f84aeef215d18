import { idOf, type TenantKeyed } from '@parley/kernel/projection.js';
import { shiftsOf } from '@parley/kernel/rollup.js';
import type { QueryConfig, QueryResult } from 'pg';
import { arrayLiteral } from './array-literal.js';
import { changesOf, type Folded } from './fold.js';
import { type Column, columnsOf, type RollupTable, type Table } from './table.js';

/** What a client or a pool can do. */
export interface Queries {
  query<Row extends object>(query: QueryConfig): Promise<QueryResult<Row>>;
}

/** The rows of the given keys that are there, by id. */
export async function loadRows(database: Queries, table: Table, keys: ReadonlyMap<string, TenantKeyed>): Promise<ReadonlyMap<string, TenantKeyed>> {
  const wanted = [...keys.values()];
  const { rows } = await database.query<TenantKeyed>(statement(table, 'load', table.key, wanted));
  return new Map(rows.map((row) => [idOf(row, wanted[0]!), row]));
}

/** Rows in one statement: so many are written down, and sent, in one piece. */
const ROWS = 128;

/** Statements that make the table and its rollups what was folded, one by one. @throws Unencodable */
export function* writesOf(table: Table, folded: Pick<Folded, 'rows' | 'keys' | 'before'>): Generator<QueryConfig, void> {
  const { rows, keys } = folded;
  const kept: TenantKeyed[] = [];
  const gone: TenantKeyed[] = [];
  for (const [id, row] of rows) {
    if (row) kept.push(row);
    else gone.push(keys.get(id)!);
  }
  yield* statements(table, 'upsert', table.columns, kept);
  yield* statements(table, 'remove', table.key, gone);
  for (const rollup of table.rollups) yield* additionsTo(rollup, folded);
}

function* additionsTo(table: RollupTable, folded: Pick<Folded, 'rows' | 'before'>): Generator<QueryConfig, void> {
  const shifts = [...shiftsOf(table.rollup, changesOf(folded)).values()];
  const added = shifts.map(({ key, rows, sums }) => ({ ...key, rows, ...sums }));
  const emptied = shifts.filter(({ rows }) => rows < 0n).map(({ key }) => key);
  yield* statements(table, 'add', table.columns, added);
  yield* statements(table, 'prune', table.key, emptied);
}

function* statements<Of extends Table | RollupTable>(table: Of, kind: keyof Of & string, columns: readonly Column[], rows: readonly TenantKeyed[]): Generator<QueryConfig, void> {
  for (let from = 0; from < rows.length; from += ROWS) yield statement(table, kind, columns, rows.slice(from, from + ROWS));
}

function statement<Of extends Table | RollupTable>(table: Of, kind: keyof Of & string, columns: readonly Column[], rows: readonly TenantKeyed[]): QueryConfig {
  const values = columnsOf(columns, rows).map((each, index) => arrayLiteral(each, columns[index]!.isJson));
  return { name: `${kind} ${table.name}`, text: table[kind] as string, values };
}
