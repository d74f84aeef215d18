import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Databases } from '../postgres/databases.js';
import { writeSideTable } from '../postgres/write-side-table.js';
import { eventStoreSchema } from '../event-store/postgres.schema.js';
import { PostgresEventStore } from '../event-store/postgres.event-store.js';
import { personKeysTable } from '../key-store/postgres.key-store.js';
import { specDatabases } from '../testing/database.js';
import { Moment } from './backup.js';
import { BackupDamaged, type BackupPart, fileOf, headOf, verify } from './backup-file.js';
import { epochAt } from '../event-store/epoch.js';
import { BackupOfOtherRelease, NotEmpty, restore } from './restore.js';

const things = writeSideTable({
  name: 'spec.things',
  columns: 'name text not null, bytes bytea, list text[] not null, at timestamptz not null, data jsonb, amount bigint, share double precision, store_id uuid not null, epoch int not null',
  primaryKey: ['name'],
  tenant: true,
});
const tables = [eventStoreSchema, personKeysTable, things];
const tenantId = '0190a000-0000-7000-8000-000000000001';
const now = new Date('2026-11-21T08:00:00Z');

let folder: string;
const opened: Databases[] = [];
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'parley-backup-'))));
afterAll(async () => {
  for (const each of opened) await each.close();
  rmSync(folder, { recursive: true });
});

async function open(parts = tables): Promise<Databases> {
  const databases = await specDatabases(parts);
  opened.push(databases);
  return databases;
}

async function written(databases: Databases, part: BackupPart, name: string): Promise<string> {
  const moment = await Moment.open(databases, 'a fingerprint');
  const file = join(folder, name);
  await writeFile(file, fileOf(moment.head(part), moment.items(part, () => undefined)));
  await moment.close();
  return file;
}

const THING = `values ('${tenantId}', $1, '\\x00ff', '{"a, \\"b\\"","ünï 🌳",null}', '2025-01-01T12:00:00.123456Z', '{"b": [1, null]}', 9007199254740993, 0.1, (select store_id from parley.store), 1)`;

async function filled(facts = 1_700): Promise<Databases> {
  const databases = await open();
  const store = await PostgresEventStore.open(databases);
  const some = Array.from({ length: facts }, (_, index) => ({ eventId: crypto.randomUUID(), tenantId, type: 'Said', data: `{"text":"it's \\"${index}\\" 🌳\\\\n"}`, meta: '{}' }));
  await store.append('spec.talk-a', -1n, some);
  await databases.writer.query(`insert into spec.things ${THING}`, ['one']);
  await databases.writer.query("insert into parley.person_keys values ($1, 'someone', '\\x01', 'a fingerprint')", [tenantId]);
  await store.close();
  return databases;
}

const rowsOf = async (databases: Databases, table: string, columns = '*') => (await databases.writer.query<object>(`select ${columns} from ${table} order by 1, 2`)).rows;

describe('a backup', () => {
  it('holds the log and what is kept beside it to the last bit, and restores as another epoch of the same store', async () => {
    const from = await filled();
    const [data, keys] = [await written(from, 'data', 'data'), await written(from, 'keys', 'keys')];
    const head = await verify(data);
    expect(head).toMatchObject({ part: 'data', head: '1700', epoch: 1, masterKey: 'a fingerprint' });
    const to = await open();
    const epoch = await restore(to, [data, keys], head, now, () => undefined);
    expect(epoch).toBe(epochAt(now, 1));
    expect(await rowsOf(to, 'parley.events')).toEqual(await rowsOf(from, 'parley.events'));
    expect(await rowsOf(to, 'parley.person_keys')).toEqual(await rowsOf(from, 'parley.person_keys'));
    const columns = 'tenant_id, name, bytes, list, at, at::text as exactly, data, amount, share, store_id';
    expect(await rowsOf(to, 'spec.things', columns)).toEqual(await rowsOf(from, 'spec.things', columns));
    expect(await rowsOf(to, 'spec.things', 'epoch, name')).toEqual([{ epoch, name: 'one' }]); // its place is true in what was restored
    const store = await PostgresEventStore.open(to);
    expect(store.identity).toEqual({ storeId: head.storeId, epoch });
    await store.append('spec.talk-a', 1_699n, [{ eventId: crypto.randomUUID(), tenantId, type: 'Said', data: '{}', meta: '{}' }]);
    expect(await store.head()).toBe(1_701n);
    await store.close();
  });

  it('keeps the keys of people apart', async () => {
    const from = await filled(1);
    const [data, keys] = [await written(from, 'data', 'apart'), await written(from, 'keys', 'apart.keys')];
    expect((await headOf(keys)).part).toBe('keys');
    const to = await open();
    await restore(to, [data], await verify(data), now, () => undefined);
    expect(await rowsOf(to, 'parley.person_keys')).toEqual([]);
  });

  it('shows one moment, whatever is written meanwhile', async () => {
    const from = await filled(10);
    const moment = await Moment.open(from, 'a fingerprint');
    await from.writer.query(`insert into spec.things ${THING}`, ['two']);
    const items = [];
    for await (const item of moment.items('data', () => undefined)) items.push(item);
    await moment.close();
    expect(items.filter((item) => Array.isArray(item) && (item as string[])[1] === 'one')).toHaveLength(1);
    expect(items.filter((item) => Array.isArray(item) && (item as string[])[1] === 'two')).toEqual([]);
  });

  it('is refused whole when it was cut or changed anywhere', async () => {
    const file = await written(await filled(200), 'data', 'whole');
    const bytes = readFileSync(file);
    const damaged = join(folder, 'damaged');
    for (let place = 1; place <= 20; place++) {
      const at = Math.floor((bytes.length * place) / 21);
      writeFileSync(damaged, bytes.subarray(0, at));
      await expect(verify(damaged)).rejects.toThrow(BackupDamaged);
      const changed = Buffer.from(bytes);
      changed[at]! ^= 0x10;
      writeFileSync(damaged, changed);
      await expect(verify(damaged)).rejects.toThrow(BackupDamaged);
    }
  });

  it('is not restored over facts, nor by a release that lacks a table of it; nothing is left of the attempt', async () => {
    const from = await filled(5);
    const data = await written(from, 'data', 'refused');
    const head = await verify(data);
    await expect(restore(await filled(1), [data], head, now, () => undefined)).rejects.toThrow(NotEmpty);
    const poorer = await open([eventStoreSchema, personKeysTable]);
    await expect(restore(poorer, [data], head, now, () => undefined)).rejects.toThrow(BackupOfOtherRelease);
    expect(await rowsOf(poorer, 'parley.events')).toEqual([]);
  });

  it('that is restored twice gives two epochs', () => {
    expect(epochAt(new Date(now.getTime() + 1_000), 1)).toBe(epochAt(now, 1) + 1);
    expect(epochAt(now, 2_000_000_000)).toBe(2_000_000_001);
  });
});
