import { sweepKeys, SweepNotAllowed } from '@parley/platform/key-store/sweep-keys.js';
import { CliError } from '../cli-error.js';
import { withOperator } from './with-operator.js';

/** Removes from the database's files what they still hold of keys that were destroyed. */
export const sweepErased = (): Promise<void> =>
  withOperator(async ({ databases }) => {
    try {
      const { at, heldFiles } = await sweepKeys(databases.urls.owner);
      if (heldFiles > 0) {
        throw new CliError(
          `${heldFiles} files of the write-ahead log still hold what was destroyed before ${at.toISOString()}: the server keeps them for a replica, an archive or wal_keep_size.`,
          'LOG_HELD',
          'Run it again when they are let go.',
        );
      }
      console.log(`No file of the database holds a key that was destroyed before ${at.toISOString()}. Backups and archives of it do until they are gone.`);
    } catch (error) {
      if (!(error instanceof SweepNotAllowed)) throw error;
      throw new CliError(error.message, 'SWEEP_NOT_ALLOWED', 'Grant it pg_checkpoint, pg_monitor and execute on function pg_switch_wal(), or see docs/erasure.md for what to run as a superuser.', { cause: error });
    }
  });
