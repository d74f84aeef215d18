import { id } from '@parley/kernel/meta.js';
import { diff, type DiffReport, DiffStopped, type TableDifference } from '@parley/platform/read-model/diff.js';
import { CliError } from '../cli-error.js';
import type { Operator } from './open-operator.js';
import { showProgress } from './progress.js';
import { readModels } from './read-models.js';
import { withOperator } from './with-operator.js';

export interface DiffOptions {
  readonly tenant?: string;
  readonly all?: boolean;
  readonly projection?: string;
  readonly resume?: boolean;
  readonly json?: boolean;
}

/** Folds the log and compares it with the tables, in this process, beside a server that runs. Exit code 1: something is not as the log has it. */
export async function compareTables(options: DiffOptions): Promise<void> {
  const { tenant: tenantId, all, projection, json } = options;
  if ((tenantId === undefined) === (all !== true)) throw new CliError('Say whose tables: --tenant <id>, or --all.', 'INVALID_INPUT');
  if (tenantId !== undefined && !id.safeParse(tenantId).success) throw new CliError(`${tenantId} is no tenant's id.`, 'INVALID_INPUT', 'Ids look like 0190a000-0000-7000-8000-000000000001.');
  const projections = readModels.filter(({ name }) => projection === undefined || name === projection);
  if (projections.length === 0) throw new CliError(`There is no read model ${projection}.`, 'PROJECTION_UNKNOWN', `There are ${readModels.map(({ name }) => name).join(', ')}.`);
  await withOperator(async (operator, signal) => {
    if (tenantId !== undefined) await mustKnow(operator, tenantId);
    const bar = showProgress('facts');
    const found = (difference: TableDifference) => bar.aside(() => console.log(json ? JSON.stringify({ type: 'difference', ...difference }) : sentences(difference)));
    const progress = ({ position, target, table }: { position: bigint; target: bigint; table?: string }) => bar.at(Number(position), Number(target), table ? `comparing ${table}` : 'folding the log');
    try {
      const { databases, store, codec } = operator;
      const of = { ...(tenantId && { tenantId: tenantId.toLowerCase() }), isResumed: options.resume ?? false };
      report(await diff({ databases, store, codec, projections, ...of, signal, progress, found }), json ?? false);
    } catch (error) {
      if (!(error instanceof DiffStopped)) throw error;
      console.error(`parley: stopped at position ${error.position}; the same command with --resume goes on from there.`);
      process.exitCode = 130;
    } finally {
      bar.end();
    }
  }, 'Run the same command with --resume when it is back.');
}

async function mustKnow({ store }: Operator, tenantId: string): Promise<void> {
  const facts = await store.readTenant(tenantId.toLowerCase(), { limit: 1 });
  if (facts.length === 0) throw new CliError(`There is no tenant ${tenantId}.`, 'TENANT_UNKNOWN');
}

function sentences({ table, key, kind, cells }: TableDifference): string {
  const where = `${table} ${Object.entries(key).map(([column, value]) => `${column}=${value}`).join(' ')}`;
  const [shown, is] = kind === 'missing' ? ['the row is missing', ''] : kind === 'surplus' ? ['the row should not be there', ''] : ['', ', is '];
  if (kind !== 'changed') return `${where}: ${shown}${is} (${cells.map(({ column, expected, actual }) => `${column}: ${text(expected ?? actual)}`).join(', ')})`;
  return cells.map(({ column, expected, actual }) => `${where}: ${column} should be ${text(expected)}${is}${text(actual)}`).join('\n');
}

const text = (value: string | null): string => (value === null ? 'null' : JSON.stringify(value));

function report({ position, tables, differences, parked, leftOut }: DiffReport, isJson: boolean): void {
  const isAlike = differences === 0 && parked.length === 0 && leftOut.length === 0;
  if (!isAlike) process.exitCode = 1;
  if (isJson) return console.log(JSON.stringify({ type: 'report', position: `${position}`, tables, differences, parked, leftOut }));
  for (const { projection, stream, eventId, waitsIn } of parked) {
    console.log(waitsIn === 'table' ? `${projection}: ${stream} waits at fact ${eventId}, which the log lets through: retry it` : `${projection}: ${stream} should wait at fact ${eventId}, and does not`);
  }
  for (const { projection, reason } of leftOut) console.log(`${projection} was not compared: ${reason}`);
  if (isAlike) console.log(`No difference: ${tables} read models are what the log says, up to position ${position}.`);
  else console.log(`${differences} rows differ in ${tables} read models, at position ${position}.`);
}
