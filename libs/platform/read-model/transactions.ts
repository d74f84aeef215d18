import type { DataSource, QueryRunner } from 'typeorm';
import { isOutage } from './database-errors.js';

/** Of pg. */
export interface Client {
  query(text: string): Promise<unknown>;
  emit(event: 'error', error: unknown): void;
}

/**
 * Work in a transaction of its own.
 *
 * @param begin the statements that start it
 * @throws what `work` throws; nothing is kept then
 */
export async function inTransaction<R>(dataSource: DataSource, begin: string, work: (runner: QueryRunner, client: Client) => Promise<R>): Promise<R> {
  const runner = dataSource.createQueryRunner();
  try {
    const client = (await runner.connect()) as Client;
    await client.query(begin);
    const result = await work(runner, client);
    await client.query('commit');
    return result;
  } catch (error) {
    await giveUp(runner, error);
    throw error;
  } finally {
    await runner.release();
  }
}

/** A connection that is lost or hangs is closed; any other goes back to the pool clean. */
async function giveUp(runner: QueryRunner, error: unknown): Promise<void> {
  const client = (await runner.connect().catch(() => undefined)) as Client | undefined;
  if (isOutage(error)) discard(runner, client, error);
  else await client?.query('rollback').catch((lost: unknown) => discard(runner, client, lost));
}

/** TypeORM hands a connection that said `error` back as broken, so that the pool closes it. */
function discard(runner: QueryRunner, client: Client | undefined, error: unknown): void {
  if (!runner.isReleased) client?.emit('error', error);
}
