import { stat } from 'node:fs/promises';
import { CliError } from './cli-error.js';
import { type Column, parquetOf } from './parquet.js';
import { Server } from './server.js';
import { writeWhole } from './whole-file.js';

interface Days {
  readonly from?: string;
  readonly to?: string;
  readonly json?: boolean;
}

export interface ShowOptions extends Days {
  readonly by: string;
}

export interface UsageExportOptions extends Days {
  readonly out: string;
  readonly table: string;
  readonly format?: string;
}

interface Table {
  readonly name: string;
  readonly about: string;
  readonly columns: readonly Column[];
}

type Row = Readonly<Record<string, string | number | boolean | null>>;

/** What replies consumed, for those who count it. */
export const usage = {
  async show({ from, to, by, json }: ShowOptions): Promise<void> {
    const { rows, fromDay, toDay } = await new Server().get<{ fromDay: string; toDay: string; rows: readonly Row[] }>(`/usage?${parameters({ fromDay: from, toDay: to, groupBy: by })}`);
    if (json) return rows.forEach((row) => console.log(JSON.stringify(row)));
    console.log(`From ${fromDay} to ${toDay}, in UTC.`);
    console.table(rows.map(({ replies, failed, totalTokens, costMicroUsd, ...row }) => ({ ...groupOf(row), replies, failed, tokens: totalTokens, usd: Number(costMicroUsd) / 1e6 })));
  },

  async tables(name: string | undefined, { json }: { readonly json?: boolean }): Promise<void> {
    const all = await tablesOf(new Server());
    for (const each of name === undefined ? all : [tableNamed(all, name)]) {
      if (json) console.log(JSON.stringify(each));
      else console.log(`${each.name}: ${each.about}${name === undefined ? '' : `\n${each.columns.map((column) => `  ${column.name} (${column.type}): ${column.meaning} [${column.unit}]`).join('\n')}`}`);
    }
  },

  /** A table of some days in one file, whole or not at all. */
  async export({ out, table, from, to, format = out.endsWith('.parquet') ? 'parquet' : 'csv', json }: UsageExportOptions): Promise<void> {
    if (format !== 'csv' && format !== 'parquet') throw new CliError(`There is no format ${format}.`, 'CLI', 'Use csv or parquet.');
    const server = new Server();
    const { name, columns } = tableNamed(await tablesOf(server), table);
    const path = `/analytics/tables/${name}?${parameters({ fromDay: from, toDay: to, format: format === 'csv' ? 'csv' : 'ndjson' })}`;
    const content = server.download(path);
    const bytes = await writeWhole(out, format === 'csv' ? content : parquetOf(columns, rowsIn(content)), async (draft) => (await stat(draft)).size);
    if (json) console.log(JSON.stringify({ table: name, format, out, bytes }));
    else console.log(`${out}: ${name} as ${format}, ${bytes.toLocaleString('en')} bytes. What its columns mean: npx parley usage tables ${name}`);
  },
};

const GROUPS = new Set(['hour', 'day', 'week', 'month', 'agentId', 'personId', 'provider', 'model']);
const groupOf = (row: Row): Row => Object.fromEntries(Object.entries(row).filter(([name]) => GROUPS.has(name)));

const tablesOf = async (server: Server) => (await server.get<{ tables: readonly Table[] }>('/analytics/tables')).tables;

/** @throws CliError */
function tableNamed(tables: readonly Table[], name: string): Table {
  const table = tables.find((each) => each.name === name);
  if (!table) throw new CliError(`There is no table ${name}.`, 'REPORT_UNKNOWN', `There are ${tables.map((each) => each.name).join(', ')}.`);
  return table;
}

const parameters = (given: Readonly<Record<string, string | undefined>>) => new URLSearchParams(Object.entries(given).filter((entry): entry is [string, string] => entry[1] !== undefined)).toString();

async function* rowsIn(content: AsyncIterable<Uint8Array>): AsyncGenerator<Row, void> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const part of content) {
    const lines = (rest + decoder.decode(part, { stream: true })).split('\n');
    rest = lines.pop()!;
    for (const line of lines) yield JSON.parse(line) as Row;
  }
  if (rest !== '') throw new CliError('The connection ended before the table was whole.', 'UNREACHABLE', 'Nothing was written; run it again.');
}
