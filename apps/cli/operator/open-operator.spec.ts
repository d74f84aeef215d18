import { mkdtempSync, rmSync } from 'node:fs';
import { eventStoreSchema } from '@parley/platform/event-store/postgres.schema.js';
import { developmentMasterKey } from '@parley/platform/key-store/master-key.js';
import { openDatabases } from '@parley/platform/postgres/databases.js';
import { discard, startEmbeddedPostgres } from '@parley/platform/postgres/embedded-postgres.js';
import { runningEmbeddedPostgres } from '@parley/platform/postgres/embedded-running.js';
import { masterKey, newDatabase } from '@parley/platform/testing/database.js';
import { openOperator } from './open-operator.js';
import { withOperator } from './with-operator.js';

const NAMES = ['PARLEY_DATA_DIR', 'PARLEY_DATABASE_URL', 'PARLEY_MASTER_KEY', 'PARLEY_EVENT_STORE_URL'] as const;
const set = (values: Partial<Record<(typeof NAMES)[number], string>>) => void Object.assign(process.env, values);

let dataDir: string;
beforeEach(() => {
  dataDir = mkdtempSync('/var/tmp/parley-spec-operator-');
  set({ PARLEY_DATA_DIR: dataDir });
});
afterEach(() => {
  for (const name of NAMES) delete process.env[name];
  discard(dataDir);
  rmSync(dataDir, { recursive: true, force: true });
});

const made = async (ownerUrl: string, key: Buffer = masterKey) => (await openDatabases({ ownerUrl, masterKey: key, tables: [eventStoreSchema] })).close();

describe('a command of the operator', () => {
  it('works in the database that the environment names', async () => {
    const url = await newDatabase();
    await made(url);
    set({ PARLEY_DATABASE_URL: url, PARLEY_MASTER_KEY: masterKey.toString('base64') });
    const operator = await openOperator();
    expect(await operator.store.head()).toBe(0n);
    expect(operator.actor).toMatchObject({ kind: 'system', id: expect.stringMatching(/^operator\/.+/) as string });
    await operator.close();
  });

  it('works in a data folder beside the Parley that runs there, and alone when none does', async () => {
    const key = developmentMasterKey(dataDir);
    const running = await startEmbeddedPostgres({ dataDir, settings: { fsync: 'off' } });
    await made(running.url, key.bytes);
    expect(runningEmbeddedPostgres(dataDir)).toBe(running.url);
    await withOperator(async ({ databases }) => expect(databases.urls.owner).toBe(running.url));
    await running.stop();

    expect(runningEmbeddedPostgres(dataDir)).toBeUndefined();
    await withOperator(async ({ store }) => {
      expect(await store.head()).toBe(0n);
      expect(runningEmbeddedPostgres(dataDir)).toBeDefined();
    });
    expect(runningEmbeddedPostgres(dataDir)).toBeUndefined();
  });

  it('makes nothing where there is no Parley, and says so in one sentence', async () => {
    await expect(withOperator(async () => undefined)).rejects.toThrow(`There is no Parley in ${dataDir}.`);
    set({ PARLEY_DATABASE_URL: await newDatabase(), PARLEY_MASTER_KEY: masterKey.toString('base64') });
    await expect(withOperator(async () => undefined)).rejects.toThrow(/^The database .* holds no Parley\.$/);
    set({ PARLEY_DATABASE_URL: 'postgres://nobody@127.0.0.1:1/parley' });
    await expect(withOperator(async () => undefined)).rejects.toThrow(/^The database 127.0.0.1:1\/parley cannot be reached: ECONNREFUSED\.$/);
    set({ PARLEY_DATABASE_URL: 'nonsense' });
    await expect(withOperator(async () => undefined)).rejects.toThrow(/^The configuration is not valid: PARLEY_DATABASE_URL: /);
  });

  it('is refused under another master key, which leaves the running Parley its passwords', async () => {
    const url = await newDatabase();
    await made(url);
    set({ PARLEY_DATABASE_URL: url, PARLEY_MASTER_KEY: Buffer.alloc(32, 9).toString('base64') });
    await expect(withOperator(async () => undefined)).rejects.toThrow('was made under another master key');
    set({ PARLEY_MASTER_KEY: masterKey.toString('base64') });
    await withOperator(async ({ store }) => expect(await store.head()).toBe(0n));
  });

  it('does not pretend to see a log that is in the memory of another process', async () => {
    const url = await newDatabase();
    await made(url);
    set({ PARLEY_DATABASE_URL: url, PARLEY_MASTER_KEY: masterKey.toString('base64'), PARLEY_EVENT_STORE_URL: 'memory:' });
    await expect(withOperator(async () => undefined)).rejects.toThrow('in the memory of its process');
  });
});
