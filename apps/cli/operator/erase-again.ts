import { access } from 'node:fs/promises';
import { ErasedList, erasedFile } from '@parley/platform/key-store/erased-list.js';
import { type ErasedAgain, eraseAgainByList, eraseAgainByLog } from '@parley/platform/personal-data/erase-again.js';
import { CliError } from '../cli-error.js';
import type { Operator } from './open-operator.js';
import { withOperator } from './with-operator.js';

/** Erases once more all whose erasure the log knows, or the list: what was restored from a backup may have brought them back. */
export const eraseAgain = ({ erased }: { readonly erased?: string }): Promise<void> =>
  withOperator(async (operator, signal) => {
    const list = erased === undefined ? undefined : await listAt(erased);
    const byLog = await eraseAgainByLog(operator, signal);
    if (signal.aborted) {
      console.log('Interrupted. Run it again: what is done stays done.');
      process.exitCode = 130;
    } else {
      console.log(`${byLog.people} people were erased, by the log; ${byLog.keys} of them had a key again, and have none now.`);
      if (list) tell(await eraseAgainByList(operator, list.read(), operator.actor, new Date()));
    }
  });

/** What whoever restores has to say of those who were erased since the backup. */
export interface ErasedSince {
  /** The list that was kept apart from the database. */
  readonly erased?: string;
  readonly nobodyErased?: boolean;
}

/**
 * The list to go by after a restore: that which was named, or the one that is where this Parley keeps its own.
 *
 * @returns undefined where it was said that there was nobody
 * @throws CliError when nothing is known: a backup must not bring back who was erased after it
 */
export async function listFor({ erased, nobodyErased }: ErasedSince, dataDir: string): Promise<ErasedList | undefined> {
  if (nobodyErased) return undefined;
  if (erased !== undefined) return listAt(erased);
  const own = erasedFile(dataDir)!;
  return listAt(own).catch(() => {
    throw new CliError(
      'Who was erased after this backup would come back with it, and there is no list of them here.',
      'ERASED_UNKNOWN',
      `Name it: --erased <file> (Parley adds to erased.jsonl in its data folder, or to PARLEY_ERASED_FILE). Or say that there was nobody: --nobody-erased.`,
    );
  });
}

/** Erases again all whom the list names, in what was restored. */
export async function keepErased(parts: Pick<Operator, 'store' | 'keyStore' | 'codec' | 'actor'>, list: ErasedList | undefined): Promise<void> {
  if (list) tell(await eraseAgainByList(parts, list.read(), parts.actor, new Date()));
}

async function listAt(file: string): Promise<ErasedList> {
  await access(file).catch((error: unknown) => {
    throw new CliError(`${file} cannot be read (${(error as NodeJS.ErrnoException).code}).`, 'INVALID_INPUT');
  });
  return new ErasedList(file);
}

const tell = ({ people, keys, remembered }: ErasedAgain) =>
  console.log(`${people} people were erased, by the list; ${keys} of them had a key again, and have none now. The log knew nothing of ${remembered}: Parley removes their sign-in when it starts.`);
