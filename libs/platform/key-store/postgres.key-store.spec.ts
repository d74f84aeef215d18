import { randomBytes } from 'node:crypto';
import type { Databases } from '../postgres/databases.js';
import { masterKey, specDatabases } from '../testing/database.js';
import { keyStoreContract } from './key-store.contract.js';
import { MasterKey } from './master-key.js';
import { personKeysTable, PostgresKeyStore, WrongMasterKey } from './postgres.key-store.js';

let databases: Databases;
beforeAll(async () => {
  databases = await specDatabases([personKeysTable]);
});
afterAll(() => databases.close());

const open = async (bytes = masterKey) => new PostgresKeyStore(databases.writer, new MasterKey(bytes));

keyStoreContract('postgres', open);

describe('keys in a table', () => {
  const owner = () => ({ tenantId: crypto.randomUUID(), subjectId: crypto.randomUUID() });

  it('are wrapped, each for its owner alone', async () => {
    const store = await open();
    const [person, thief] = [owner(), owner()];
    const key = await store.obtain(person);
    await store.obtain(thief);
    const { rows } = await databases.writer.query<{ wrapped: Buffer }>('select wrapped from parley.person_keys where tenant_id = $1', [person.tenantId]);
    expect(rows[0]!.wrapped.includes(key)).toBe(false);

    await databases.writer.query('update parley.person_keys set wrapped = $1 where tenant_id = $2', [rows[0]!.wrapped, thief.tenantId]);
    await expect(store.obtain(thief)).rejects.toThrow();
  });

  it('say when they were wrapped by another master key', async () => {
    const person = owner();
    await (await open()).obtain(person);
    const other = await open(randomBytes(32));
    await expect(other.obtain(person)).rejects.toThrow(WrongMasterKey);
    await expect(other.find([person])).rejects.toThrow(WrongMasterKey);
  });

  it('leave nothing of a destroyed key but the fact that there was one', async () => {
    const store = await open();
    const person = owner();
    await store.obtain(person);
    await store.destroy(person);
    const { rows } = await databases.writer.query('select wrapped, destroyed_at from parley.person_keys where tenant_id = $1', [person.tenantId]);
    expect(rows).toEqual([{ wrapped: null, destroyed_at: expect.any(Date) as Date }]);
  });

  it('cannot be read by those who answer queries', async () => {
    await expect(databases.app.query('select * from parley.person_keys')).rejects.toThrow('permission denied');
    await expect(databases.projector.query('select * from parley.person_keys')).rejects.toThrow('permission denied');
  });
});
