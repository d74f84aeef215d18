import { InvalidConfig } from '@parley/platform/config/config.js';
import { StoreUnavailable } from '@parley/platform/event-store/event-store.js';
import { DatabaseUnusable } from '@parley/platform/postgres/databases.js';
import { EmbeddedPostgresError } from '@parley/platform/postgres/embedded-errors.js';
import { isOutage } from '@parley/platform/read-model/database-errors.js';
import { rootLogger } from '@parley/platform/telemetry/logger.js';
import { CliError } from '../cli-error.js';
import { openOperator, type Operator } from './open-operator.js';

/**
 * Runs a command of the operator's. Ctrl-C aborts the signal: the command then ends in good order, and says how to go on.
 *
 * @param whenLost what to do when the database was lost in the middle
 * @throws CliError for whatever a person can mend
 */
export async function withOperator<Result>(work: (operator: Operator, signal: AbortSignal) => Promise<Result>, whenLost = 'Run the same command again when it is back.'): Promise<Result> {
  rootLogger.level = 'silent'; // stdout is for what was asked
  const stop = new AbortController();
  const interrupt = () => stop.abort();
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt);
  let operator: Operator | undefined;
  try {
    operator = await openOperator();
    return await work(operator, stop.signal);
  } catch (error) {
    throw explained(error, whenLost);
  } finally {
    await operator?.close().catch(() => undefined); // what was lost is closed
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  }
}

/** What a person can mend, as a sentence. */
export function explained(error: unknown, whenLost: string): unknown {
  if (error instanceof InvalidConfig) return new CliError(`The configuration is not valid: ${error.message}.`, 'INVALID_CONFIG');
  if (error instanceof DatabaseUnusable || error instanceof EmbeddedPostgresError) return new CliError(error.message, 'DATABASE_UNUSABLE');
  if (error instanceof StoreUnavailable || isOutage(error)) return new CliError('The database was lost while we worked.', 'DATABASE_LOST', whenLost, { cause: error });
  return error;
}
