import { eventStoreSchema } from '@parley/platform/event-store/postgres.schema.js';
import type { ErasedList } from '@parley/platform/key-store/erased-list.js';
import { configuredMasterKey, developmentMasterKey, hasDevelopmentMasterKey, type MasterKey } from '@parley/platform/key-store/master-key.js';
import { type Databases, openDatabases } from '@parley/platform/postgres/databases.js';
import { startEmbeddedPostgres } from '@parley/platform/postgres/embedded-postgres.js';
import { runningEmbeddedPostgres } from '@parley/platform/postgres/embedded-running.js';
import { BackupOfOtherRelease, markSetBack, NotEmpty, restore as restoreInto } from '@parley/platform/backup/restore.js';
import type { BackupHead } from '@parley/platform/backup/backup-file.js';
import { FollowersMoved } from '@parley/platform/operations/followers-moved.js';
import { standaloneConfig } from '@parley/platform/standalone/standalone-config.js';
import { rootLogger } from '@parley/platform/telemetry/logger.js';
import { databaseUrl } from '../../composition/database-url.js';
import { KEEPERS } from '../../composition/parts.js';
import { CliError } from '../cli-error.js';
import { checked } from './backup.js';
import { type ErasedSince, keepErased, listFor } from './erase-again.js';
import { type Operator, partsOf } from './open-operator.js';
import { showProgress } from './progress.js';
import { explained, withOperator } from './with-operator.js';

export interface RestoreOptions extends ErasedSince {
  readonly data?: string;
  readonly keys?: string;
  readonly inPlace?: boolean;
}

/** Restores a backup into a new data folder or an empty database; or says that the database itself was set back. */
export async function restore(options: RestoreOptions): Promise<void> {
  const { data, keys, inPlace } = options;
  if (inPlace) return setBack(options);
  if (!data) throw new CliError('Say which backup: --data <file>.', 'INVALID_INPUT', 'And --keys <file>, without which nobody can read what people wrote.');
  const head = await checked(data, 'data');
  const keysHead = keys === undefined ? undefined : await checked(keys, 'keys');
  if (keysHead && keysHead.storeId !== head.storeId) throw new CliError('These data and these keys are of two stores.', 'INVALID_INPUT');
  const list = await listFor(options, standaloneConfig.read().PARLEY_DATA_DIR);
  rootLogger.level = 'silent';
  const bar = showProgress('rows');
  try {
    const files = [data, ...(keys === undefined ? [] : [keys])];
    const epoch = await inEmpty(head, list, (databases) => restoreInto(databases, files, head, new Date(), (rows) => bar.at(rows, rows, 'restoring')));
    bar.end();
    console.log(`Store ${head.storeId} is back as it was at ${head.takenAt}, up to position ${head.head}. It is epoch ${epoch} now: who followed it further is refused.`);
    if (!keys) console.log('Without its keys what people wrote reads [erased].');
    console.log('Start Parley: it makes the read models from the log.');
  } catch (error) {
    if (error instanceof NotEmpty || error instanceof BackupOfOtherRelease) throw new CliError(error.message, 'RESTORE_REFUSED');
    throw explained(error, 'Run the same command again: nothing was restored.');
  } finally {
    bar.end();
  }
}

const setBack = (options: ErasedSince): Promise<void> =>
  withOperator(async (operator) => {
    const list = await listFor(options, operator.dataDir);
    const { epoch, reactors } = await raiseEpoch(operator, new Date());
    await keepErased(operator, list);
    console.log(`The store is epoch ${epoch} now: who followed it beyond the place that it was set back to is refused. Start Parley anew.`);
    if (reactors !== undefined) console.log(`${reactors} reactors go on in it. The read models followed it too: when Parley runs, npx parley projections rebuild.`);
  });

/** @returns how many reactors of Parley's own database were told, where that was not set back itself */
async function raiseEpoch({ store, databases }: Operator, now: Date): Promise<{ epoch: number; reactors?: number }> {
  const head = await store.head();
  const epoch = await store.markSetBack?.(now);
  if (epoch === undefined) return { epoch: await markSetBack(databases, now) };
  return { epoch, reactors: await FollowersMoved.setBack(databases.writer, store.identity, head, epoch) };
}

async function inEmpty<Result>(head: BackupHead, list: ErasedList | undefined, work: (databases: Databases) => Promise<Result>): Promise<Result> {
  const config = standaloneConfig.read();
  const { PARLEY_DATA_DIR: dataDir } = config;
  const masterKey = findMasterKey(dataDir, head);
  const own = databaseUrl(config);
  if (own === undefined && runningEmbeddedPostgres(dataDir)) throw new CliError(`A Parley runs in ${dataDir}.`, 'RESTORE_REFUSED', 'Stop it, or restore into another folder: PARLEY_DATA_DIR.');
  const postgres = own === undefined ? await startEmbeddedPostgres({ dataDir }) : undefined;
  try {
    const tables = [eventStoreSchema, ...KEEPERS.flatMap((each) => each.tables)];
    const databases = await openDatabases({ ownerUrl: own ?? postgres!.url, masterKey: masterKey.bytes, tables });
    try {
      const result = await work(databases);
      await eraseAgainIn(databases, masterKey, list);
      return result;
    } finally {
      await databases.close();
    }
  } finally {
    await postgres?.stop();
  }
}

/** Before anybody can start it: what is restored must not show who was erased since. */
async function eraseAgainIn(databases: Databases, masterKey: MasterKey, list: ErasedList | undefined): Promise<void> {
  const parts = await partsOf(databases, masterKey);
  try {
    await keepErased(parts, list);
  } catch (cause) {
    throw new CliError('All was restored, but who was erased since is not erased in it yet.', 'ERASED_CAME_BACK', 'Before you start it: npx parley erase again --erased <file>.', { cause });
  } finally {
    await parts.store.close();
  }
}

/** The same that the backup was made under: sign-ins and keys of people rest on it. */
function findMasterKey(dataDir: string, { masterKey: fingerprint }: BackupHead): MasterKey {
  const key = configuredMasterKey() ?? (hasDevelopmentMasterKey(dataDir) ? developmentMasterKey(dataDir) : undefined);
  if (key?.fingerprint === fingerprint) return key;
  throw new CliError(
    key ? 'The backup was made under another master key.' : 'There is no master key here.',
    'WRONG_MASTER_KEY',
    `Name that of the backup: PARLEY_MASTER_KEY_FILE, or put its master.key into ${dataDir}.`,
  );
}
