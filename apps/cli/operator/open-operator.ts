import { userInfo } from 'node:os';
import type { Actor } from '@parley/kernel/meta.js';
import { eventStoreConfig, openEventStore } from '@parley/platform/event-store/open-event-store.js';
import type { EventStore } from '@parley/platform/event-store/event-store.js';
import { armFailpoints } from '@parley/platform/failpoints/failpoints.js';
import type { KeyStore } from '@parley/platform/key-store/key-store.js';
import { configuredMasterKey, developmentMasterKey, hasDevelopmentMasterKey, type MasterKey } from '@parley/platform/key-store/master-key.js';
import { openKeyStore } from '@parley/platform/key-store/open-key-store.js';
import { Codec } from '@parley/platform/personal-data/codec.js';
import { Opener } from '@parley/platform/personal-data/opener.js';
import { PersonKeys } from '@parley/platform/personal-data/person-keys.js';
import { type Databases, joinDatabases } from '@parley/platform/postgres/databases.js';
import { startEmbeddedPostgres } from '@parley/platform/postgres/embedded-postgres.js';
import { hasEmbeddedDatabase, runningEmbeddedPostgres } from '@parley/platform/postgres/embedded-running.js';
import { SystemRandom } from '@parley/platform/random/random.js';
import { standaloneConfig } from '@parley/platform/standalone/standalone-config.js';
import { databaseUrl } from '../../composition/database-url.js';
import { CliError } from '../cli-error.js';

/** What a command of the operator works with, in its own process: the parts of a Parley, whether or not one runs beside it. */
export interface Operator {
  readonly dataDir: string;
  readonly databases: Databases;
  readonly store: EventStore;
  readonly masterKey: MasterKey;
  readonly keyStore: KeyStore;
  readonly keys: PersonKeys;
  readonly codec: Codec;
  readonly opener: Opener;
  /** In whose name facts are recorded: the person at the terminal, as the machine knows them. */
  readonly actor: Actor;
  /** Lets go of all, and stops the database when it was started for this command. */
  close(): Promise<void>;
}

/**
 * Opens the Parley that the environment names: the database of PARLEY_DATABASE_URL, else the one of the data folder, which a running
 * Parley has open already or which is started for as long as the command takes. Nothing is made that is not there.
 *
 * @throws CliError when there is none; InvalidConfig, DatabaseUnusable, EmbeddedPostgresError: each says in one sentence what to do
 */
export async function openOperator(): Promise<Operator> {
  armFailpoints();
  const config = standaloneConfig.read();
  const { PARLEY_DATA_DIR: dataDir } = config;
  const masterKey = findMasterKey(dataDir);
  const stops: (() => Promise<unknown>)[] = [];
  const close = async () => {
    for (const stop of stops.splice(0).reverse()) await stop();
  };
  try {
    const ownerUrl = databaseUrl(config) ?? (await embedded(dataDir, stops));
    const databases = await joinDatabases({ ownerUrl, masterKey: masterKey.bytes });
    stops.push(() => databases.close());
    const parts = await partsOf(databases, masterKey);
    stops.push(() => parts.store.close());
    return { dataDir, databases, masterKey, ...parts, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** What an operator works with in a database. Close its store. */
export async function partsOf(databases: Databases, masterKey: MasterKey): Promise<Omit<Operator, 'dataDir' | 'databases' | 'masterKey' | 'close'>> {
  const store = await openStore(databases, masterKey);
  const keyStore = openKeyStore(databases, masterKey);
  const keys = new PersonKeys(keyStore);
  const actor: Actor = { kind: 'system', id: `operator/${userInfo().username}`, role: 'system' };
  return { store, keyStore, keys, codec: new Codec(keys, new SystemRandom()), opener: new Opener(keys), actor };
}

function findMasterKey(dataDir: string): MasterKey {
  const configured = configuredMasterKey();
  if (configured) return configured;
  if (!hasDevelopmentMasterKey(dataDir)) {
    throw new CliError(`There is no Parley in ${dataDir}.`, 'NO_PARLEY', 'Say where it is: PARLEY_DATA_DIR, or PARLEY_DATABASE_URL with PARLEY_MASTER_KEY_FILE.');
  }
  return developmentMasterKey(dataDir);
}

async function embedded(dataDir: string, stops: (() => Promise<unknown>)[]): Promise<string> {
  const running = runningEmbeddedPostgres(dataDir);
  if (running) return running;
  if (!hasEmbeddedDatabase(dataDir)) throw new CliError(`There is no database in ${dataDir}.`, 'NO_PARLEY', 'Say where it is: PARLEY_DATA_DIR or PARLEY_DATABASE_URL.');
  const { url, stop } = await startEmbeddedPostgres({ dataDir });
  stops.push(stop);
  return url;
}

async function openStore(databases: Databases, { bytes: masterKey }: MasterKey): Promise<EventStore> {
  const { PARLEY_EVENT_STORE_URL: url } = eventStoreConfig.read();
  if (url === 'memory:') throw new CliError('The log of this Parley is in the memory of its process (PARLEY_EVENT_STORE_URL), where nobody else can read it.', 'NO_LOG');
  return openEventStore(url, { databases, masterKey });
}
