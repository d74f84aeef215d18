import type { Command } from 'commander';
import { analysts, type NewAnalystOptions } from '../operator/analysts.js';
import { type ShowOptions, usage, type UsageExportOptions } from '../usage.js';

/** What replies consumed, and who may read the tables behind it. */
export function addUsage(program: Command): void {
  const readers = program.command('analysts').description('logins to the database for those who read the tables of schema analytics (operator)');
  readers
    .command('create')
    .description('make a login that sees schema analytics and nothing else')
    .argument('<name>', 'small letters, digits and underscores')
    .option('-t, --tenant <tenant>', 'it sees the rows of this tenant: id or name')
    .option('--all-tenants', 'it sees the rows of every tenant')
    .option('--password-stdin', 'read its password from standard input (default: one is drawn by chance, and shown)')
    .option('--json', 'one JSON object, for programs')
    .action((name: string, options: NewAnalystOptions) => analysts.create(name, options));
  readers.command('list').description('who there is, and whose rows they see').option('--json', 'one JSON object a line').action((options: { json?: boolean }) => analysts.list(options));
  readers.command('drop').description('take a login away').argument('<name>', 'whose').action((name: string) => analysts.drop(name));

  const used = program.command('usage').description('what replies consumed, and the tables behind it (analysts, auditors, administrators and owners)');
  used
    .command('show')
    .description('sums of the last 30 days')
    .option('-f, --from <day>', 'first day, in UTC: 2025-01-01')
    .option('-t, --to <day>', 'last day, in UTC')
    .option('-b, --by <names>', 'split by hour, day, week, month, agent, person, provider, model; several with commas', 'day,model')
    .option('--json', 'one JSON object a line')
    .action((options: ShowOptions) => usage.show(options));
  used.command('tables').description('which tables there are, and what their columns mean').argument('[table]', 'only this one').option('--json', 'one JSON object a line').action((table: string | undefined, options: { json?: boolean }) => usage.tables(table, options));
  used
    .command('export')
    .description('write a table into a file: a CSV, or a Parquet file for DuckDB, pandas and the like')
    .requiredOption('-o, --out <file>', 'the file; it is written whole or not at all')
    .option('--table <name>', 'which table', 'replies')
    .option('-f, --from <day>', 'first day, in UTC (default: 30 days ago)')
    .option('-t, --to <day>', 'last day, in UTC (default: today)')
    .option('--format <format>', 'csv or parquet (default: by the name of the file)')
    .option('--json', 'one JSON object, for programs')
    .action((options: UsageExportOptions) => usage.export(options));
}
