import type { TenantKeyed } from '@parley/kernel/projection.js';
import type { Client } from 'pg';
import { foldOf, PROJECTIONS } from './fold.js';
import type { LoggedFact } from './log.js';
import { type Cells, columnsOf, digestOf, type ReadTable, rowsOf } from './tables.js';
import { byParley, isMark, type TopicRecord } from './topic.js';
import type { Check } from './violation.js';

/** Differences that are told of one table; more of them tell no more. */
const TOLD_MAX = 5;

/** What queries see is what a fold of the log gives, cell by cell; and a fold of the topic gives the same. */
export const replayEquality: Check = async ({ log, tables, topic, database }) => {
  const found: string[] = [];
  const delivered = topic && arrived(byParley(topic));
  const folded = new Set<string>();
  for (const projection of PROJECTIONS) {
    const direct = foldOf(projection, log).rows;
    const byTopic = delivered && foldOf(projection, delivered).rows;
    for (const [name, rows] of direct) {
      folded.add(name);
      const table = tables.find((each) => each.name === name);
      if (!table) found.push(`${name}: queries see no such table`);
      else found.push(...(await compared(table, rows, database)));
      if (byTopic && textOf(byTopic.get(name)!) !== textOf(rows)) found.push(`${name}: a fold of the topic has other rows than a fold of the log`);
    }
  }
  return [...found, ...tables.filter(({ name }) => !folded.has(name)).map(({ name }) => `${name}: queries see it, and nothing that is known folds it`)];
};

async function compared(table: ReadTable, rows: readonly TenantKeyed[], database: Client): Promise<string[]> {
  const expected = await asPostgresHasThem(table.name, rows, database);
  const [is, must] = [digestOf(table.rows), digestOf(expected)];
  if (is === must) return [];
  const differences = differencesOf(table, expected);
  const more = differences.length > TOLD_MAX ? [`and ${differences.length - TOLD_MAX} more`] : [];
  return [`${table.name}: sha256 ${is.slice(0, 12)} where the fold of the log has ${must.slice(0, 12)}: ${[...differences.slice(0, TOLD_MAX), ...more].join('; ')}`];
}

/** Writes rows into a table of the same columns and reads them back: so equal values have equal texts. */
async function asPostgresHasThem(name: string, rows: readonly TenantKeyed[], database: Client): Promise<readonly Cells[]> {
  const columns = await columnsOf(database, name);
  const known = new Set(columns.map(({ column }) => column));
  const named = rows.map((row) => Object.fromEntries(Object.entries(row).map(([property, value]) => [columnOf(property, known, name), value as unknown])));
  await database.query(`create temporary table expected on commit drop as select * from ${name} limit 0`);
  try {
    await database.query('insert into expected select * from json_populate_recordset(null::expected, $1)', [JSON.stringify(named, asText)]);
    return await rowsOf(database, 'expected', columns);
  } finally {
    await database.query('drop table expected');
  }
}

function columnOf(property: string, columns: ReadonlySet<string>, table: string): string {
  const column = property.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  if (!columns.has(column)) throw new Error(`${table} has no column ${column} for ${property}`);
  return column;
}

const asText = (_: string, value: unknown) => (typeof value === 'bigint' ? `${value}` : value);

/** Equal rows have equal texts, whatever the order that a fold gives them in. */
const textOf = (rows: readonly TenantKeyed[]) => rows.map((row) => JSON.stringify(Object.entries(row).sort(), asText)).sort().join('\n');

function differencesOf({ columns, key, rows }: ReadTable, expected: readonly Cells[]): string[] {
  const keyOf = (cells: Cells) => key.map((column) => `${column} ${cells[columns.indexOf(column)]}`).join(', ');
  const must = new Map(expected.map((cells) => [keyOf(cells), cells]));
  const found = rows.flatMap((cells) => {
    const other = must.get(keyOf(cells));
    must.delete(keyOf(cells));
    if (!other) return [`a row too many, of ${keyOf(cells)}`];
    const cellsThat = columns.flatMap((column, index) => (cells[index] === other[index] ? [] : [`${column} is ${short(cells[index])} instead of ${short(other[index])}`]));
    return cellsThat.length > 0 ? [`${cellsThat.join(', ')}, of ${keyOf(cells)}`] : [];
  });
  return [...found, ...[...must.keys()].map((missing) => `no row of ${missing}`)];
}

const short = (cell: string | null | undefined) => (cell && cell.length > 60 ? `${cell.slice(0, 40)}… (${cell.length})` : cell);

/** The facts of a topic as a reader takes them in: in each partition what is new there, in order. */
function arrived(records: readonly TopicRecord[]): LoggedFact[] {
  const last = new Map<number, bigint>();
  return records.filter((record) => !isMark(record)).flatMap(({ partition, key, value, headers }) => {
    const position = BigInt(headers['position'] ?? 0);
    if (position <= (last.get(partition) ?? 0n)) return [];
    last.set(partition, position);
    const text = (name: string) => headers[name] ?? '';
    return [{ position, stream: text('stream'), revision: BigInt(text('revision')), eventId: text('eventId'), tenantId: key ?? '', type: text('type'), data: value ?? '', meta: text('meta'), recordedAt: new Date(Number(text('recordedAt'))) }];
  });
}
