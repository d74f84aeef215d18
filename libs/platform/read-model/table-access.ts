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

/** Statements that make the table and its rollups what was folded: at most one each that writes and one that removes. @throws Unencodable */
export function writesOf(table: Table, folded: Pick<Folded, 'rows' | 'keys' | 'before'>): readonly QueryConfig[] {
  const { rows, keys } = folded;
  const kept: TenantKeyed[] = [];
  const gone: TenantKeyed[] = [];
  for (const [id, row] of rows) {
    if (row) kept.push(row);
    else gone.push(keys.get(id)!);
  }
  return [
    ...(kept.length > 0 ? [statement(table, 'upsert', table.columns, kept)] : []),
    ...(gone.length > 0 ? [statement(table, 'remove', table.key, gone)] : []),
    ...table.rollups.flatMap((rollup) => additionsTo(rollup, folded)),
  ];
}

function additionsTo(table: RollupTable, folded: Pick<Folded, 'rows' | 'before'>): readonly QueryConfig[] {
  const shifts = [...shiftsOf(table.rollup, changesOf(folded)).values()];
  const added = shifts.map(({ key, rows, sums }) => ({ ...key, rows, ...sums }));
  const emptied = shifts.filter(({ rows }) => rows < 0n).map(({ key }) => key);
  return [
    ...(added.length > 0 ? [statement(table, 'add', table.columns, added)] : []),
    ...(emptied.length > 0 ? [statement(table, 'prune', table.key, emptied)] : []),
  ];
}

function statement<Of extends Table | RollupTable>(table: Of, kind: keyof Of & string, columns: readonly Column[], rows: readonly TenantKeyed[]): QueryConfig {
  const values = columnsOf(columns, rows).map((each, index) => arrayLiteral(each, columns[index]!.isJson));
  return { name: `${kind} ${table.name}`, text: table[kind] as string, values };
}
