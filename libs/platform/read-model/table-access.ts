import { idOf, type TenantKeyed } from '@parley/kernel/projection.js';
import type { QueryConfig, QueryResult } from 'pg';
import { arrayLiteral } from './array-literal.js';
import type { Folded } from './fold.js';
import { type Column, columnsOf, type Table } from './table.js';

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

/** Statements that make the table what was folded: at most one that writes and one that removes. @throws Unencodable */
export function writesOf(table: Table, { rows, keys }: Pick<Folded, 'rows' | 'keys'>): readonly QueryConfig[] {
  const kept: TenantKeyed[] = [];
  const gone: TenantKeyed[] = [];
  for (const [id, row] of rows) {
    if (row) kept.push(row);
    else gone.push(keys.get(id)!);
  }
  return [
    ...(kept.length > 0 ? [statement(table, 'upsert', table.columns, kept)] : []),
    ...(gone.length > 0 ? [statement(table, 'remove', table.key, gone)] : []),
  ];
}

function statement(table: Table, kind: 'load' | 'upsert' | 'remove', columns: readonly Column[], rows: readonly TenantKeyed[]): QueryConfig {
  const values = columnsOf(columns, rows).map((each, index) => arrayLiteral(each, columns[index]!.isJson));
  return { name: `${kind} ${table.name}`, text: table[kind], values };
}
