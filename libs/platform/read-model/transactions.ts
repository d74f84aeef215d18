import type { QueryRunner } from 'typeorm';
import { isOutage } from './database-errors.js';

/** A connection that is lost or hangs is closed; any other goes back to the pool clean. */
export async function giveUp(runner: QueryRunner, error: unknown): Promise<void> {
  if (!isOutage(error) && runner.isTransactionActive) {
    await runner.rollbackTransaction().catch((lost: unknown) => discard(runner, lost));
  } else {
    await discard(runner, error);
  }
}

/** TypeORM hands a connection that said `error` back as broken, so that the pool closes it. */
async function discard(runner: QueryRunner, error: unknown): Promise<void> {
  const client = (await runner.connect().catch(() => undefined)) as { emit(event: 'error', error: unknown): void } | undefined;
  if (!runner.isReleased) client?.emit('error', error);
}
