import type { QueryRunner } from 'typeorm';
import { isOutage } from './database-errors.js';

/** Of pg. */
export interface Client {
  query(text: string): Promise<unknown>;
  emit(event: 'error', error: unknown): void;
}

/** A connection that is lost or hangs is closed; any other goes back to the pool clean. */
export async function giveUp(runner: QueryRunner, error: unknown): Promise<void> {
  const client = (await runner.connect().catch(() => undefined)) as Client | undefined;
  if (isOutage(error)) discard(runner, client, error);
  else await client?.query('rollback').catch((lost: unknown) => discard(runner, client, lost));
}

/** TypeORM hands a connection that said `error` back as broken, so that the pool closes it. */
function discard(runner: QueryRunner, client: Client | undefined, error: unknown): void {
  if (!runner.isReleased) client?.emit('error', error);
}
