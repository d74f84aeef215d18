import { eventStoreConfig } from '@parley/platform/event-store/open-event-store.js';
import { BackupDamaged, type BackupHead, type BackupPart, fileOf, verify } from '@parley/platform/backup/backup-file.js';
import { Moment } from '@parley/platform/backup/backup.js';
import { CliError } from '../cli-error.js';
import { writeWhole } from '../whole-file.js';
import { showProgress } from './progress.js';
import { withOperator } from './with-operator.js';

export interface BackupOptions {
  readonly data?: string;
  readonly keys?: string;
}

/** Writes down one moment of a Parley, beside a server that runs: the data and, in a file of their own, the keys of people. */
export async function backup({ data, keys }: BackupOptions): Promise<void> {
  if (!data && !keys) throw new CliError('Say what to back up: --data <file>, --keys <file>, or both.', 'INVALID_INPUT', 'Keep them apart: data without keys tells nothing of what people wrote.');
  if (data === keys) throw new CliError('Keys and data go into two files.', 'INVALID_INPUT', 'Keep them apart: data without keys tells nothing of what people wrote.');
  if (eventStoreConfig.read().PARLEY_EVENT_STORE_URL !== 'postgres:') {
    throw new CliError('The log is not in the database of this Parley (PARLEY_EVENT_STORE_URL).', 'NO_LOG', 'Back it up where it is, or copy it: `npx parley store copy`.');
  }
  await withOperator(async ({ databases, masterKey }, signal) => {
    const moment = await Moment.open(databases, masterKey.fingerprint);
    const interrupt = () => void moment.close().catch(() => undefined);
    signal.addEventListener('abort', interrupt);
    const bar = showProgress('rows');
    try {
      const parts: [BackupPart, string | undefined][] = [['data', data], ['keys', keys]];
      for (const [part, file] of parts) if (file) await write(moment, part, file, (rows, doing) => bar.at(rows, rows, doing));
    } catch (error) {
      throw signal.aborted ? new CliError('Interrupted: nothing was written under that name.', 'INTERRUPTED') : error;
    } finally {
      bar.end();
      await moment.close().catch(() => undefined);
    }
  });
  if (data && !keys) console.log('Without its keys (--keys) nobody can read in it what people wrote.');
}

async function write(moment: Moment, part: BackupPart, file: string, told: (rows: number, doing: string) => void): Promise<void> {
  const head: BackupHead = moment.head(part);
  const items = moment.items(part, (rows) => told(rows, `writing ${file}`));
  await writeWhole(file, fileOf(head, items), verify);
  console.log(part === 'data' ? `${file}: the data of store ${head.storeId}, epoch ${head.epoch}, up to position ${head.head}.` : `${file}: the keys of people, wrapped by master key ${head.masterKey}, which is not in it.`);
}

/** Reads all of a file. @throws CliError in one sentence when it is no whole backup of that part */
export async function checked(file: string, part: BackupPart): Promise<BackupHead> {
  try {
    const head = await verify(file);
    if (head.part !== part) throw new CliError(`${file} holds ${head.part}, not ${part}.`, 'INVALID_INPUT');
    return head;
  } catch (error) {
    if (error instanceof BackupDamaged) throw new CliError(error.message, 'BACKUP_DAMAGED', 'Nothing was restored. Take another backup.', { cause: error });
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'EACCES' || code === 'EISDIR') throw new CliError(`${file} cannot be read (${code}).`, code);
    throw error;
  }
}
