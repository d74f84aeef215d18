import { createSecretKey } from 'node:crypto';
import { ERASED } from '@parley/kernel/personal.js';
import type { Projection } from '@parley/kernel/projection.js';
import type { DataSource } from 'typeorm';
import { MemoryKeyStore } from '../key-store/memory.key-store.js';
import { Opener } from '../personal-data/opener.js';
import { PersonKeys } from '../personal-data/person-keys.js';
import { seal } from '../personal-data/sealed-text.js';
import type { Databases } from '../postgres/databases.js';
import { specDatabases } from '../testing/database.js';
import { openDataSource } from '../testing/open-data-source.js';
import { recorded } from '../testing/recorded.js';
import { PostgresProjector } from './postgres.projector.js';
import { Added, latest, stock, tenantA, tenantB } from './projector.contract.js';
import { readModelSchema } from './read-model.schema.js';
import { ReadModelBuilding, ReadModelsUnavailable, TenantReads } from './tenant-reads.js';

const keys = new MemoryKeyStore();
let databases: Databases;
let dataSource: DataSource;
let reads: TenantReads;
beforeAll(async () => {
  databases = await specDatabases([readModelSchema]);
  dataSource = await openDataSource(databases.urls.app, [stock, latest], { max: 1 }); // one connection, so tenants follow each other on it
  reads = new TenantReads(dataSource, new Opener(new PersonKeys(keys)));
  const projector = await PostgresProjector.open(databases, { storeId: crypto.randomUUID(), epoch: 1 }, [stock]);
  const own = (tenantId: string) => ({ ...Added({ shelf: tenantId, item: 'canary', amount: 1 }), tenantId, stream: `spec.stock-${tenantId}` });
  await projector.apply(recorded([own(tenantA), own(tenantB)]));
  await projector.publish();
  await projector.close();
});
afterAll(() => Promise.all([dataSource.destroy(), databases.close()]));

const shelves = async (tenantId: string) =>
  reads.in(tenantId, async (manager) => (await manager.find<{ shelf: string }>(stock.row as never)).map(({ shelf }) => shelf));

describe('the reads of a tenant', () => {
  it('see its own rows alone, 10,000 times in turn on one connection', async () => {
    for (let turn = 0; turn < 5_000; turn++) {
      expect(await shelves(tenantA)).toEqual([tenantA]);
      expect(await shelves(tenantB)).toEqual([tenantB]);
    }
  }, 60_000);

  it('see nothing outside of their transaction: before, after, or when it failed', async () => {
    await shelves(tenantA);
    expect(await dataSource.query('select * from spec.stock')).toEqual([]);
    await expect(reads.in(tenantA, () => Promise.reject(new Error('of the query')))).rejects.toThrow('of the query');
    expect(await dataSource.query('select * from spec.stock_v1')).toEqual([]);
    expect(await shelves(tenantB)).toEqual([tenantB]);
  });

  it.each([
    'select * from spec.stock where true or tenant_id is null',
    'select * from spec.stock_v1',
    'select * from spec.stock a left join spec.stock_v1 b on true',
    `with moved as (select set_config('app.other', '${tenantB}', true)) select s.* from spec.stock s, moved`,
  ])('see no other tenant by %s', async (sql) => {
    const rows = await reads.in(tenantA, (manager) => manager.query<{ tenant_id: string }[]>(sql));
    expect(rows.map(({ tenant_id }) => tenant_id)).toEqual([tenantA]);
  });

  it.each(['delete from spec.stock_v1', `insert into spec.stock_v1 values ('${tenantB}', 'a', 'b', 1)`, 'truncate spec.stock_v1', 'alter table spec.stock_v1 disable row level security', 'create table spec.mine ()', 'select * from parley.parked_facts'])(
    'cannot %s',
    async (sql) => {
      await expect(reads.in(tenantA, (manager) => manager.query(sql))).rejects.toThrow(/read-only transaction|permission denied|must be owner/);
    },
  );

  it('cannot become another role', async () => {
    for (const role of [databases.roles.projector, databases.roles.writer]) {
      await expect(reads.in(tenantA, (manager) => manager.query(`set role "${role}"`))).rejects.toThrow('permission denied');
    }
  });

  it('refuse a tenant that is no id, before they ask', async () => {
    for (const wrong of ['', "' or true --", 'all']) await expect(shelves(wrong)).rejects.toThrow();
  });

  it('say that a new read model is being built', async () => {
    await expect(reads.in(tenantA, (manager) => manager.find(latest.row as never))).rejects.toThrow(ReadModelBuilding);
    expect(await shelves(tenantA)).toEqual([tenantA]);
  });

  it('say that the database is away, and are there again when it is', async () => {
    const cut = async () => {
      await databases.owner.query("select pg_terminate_backend(pid) from pg_stat_activity where usename = $1 and state = 'idle in transaction'", [databases.roles.app]);
    };
    const interrupted = reads.in(tenantA, async (manager) => {
      await cut();
      return manager.query<unknown[]>('select 1');
    });
    await expect(interrupted).rejects.toThrow(ReadModelsUnavailable);
    expect(await shelves(tenantA)).toEqual([tenantA]);
  });
});

describe('the opening of personal columns', () => {
  const notes: Projection = { ...stock, personal: ['text', 'title'] as never };
  const [subjectId, eventId] = [crypto.randomUUID(), crypto.randomUUID()];

  it('opens what was selected, and says what was erased', async () => {
    const where = { tenantId: tenantA, subjectId, eventId, field: 'text' };
    const text = seal('Hello', where, createSecretKey(await keys.obtain(where)), Buffer.alloc(12, 1));
    const rows = [{ tenantId: tenantA, id: 1, text, title: null }, { tenantId: tenantA, id: 2, text }, { tenantId: tenantA, id: 3 }];
    expect(await reads.open(notes, rows)).toEqual([{ tenantId: tenantA, id: 1, text: 'Hello', title: null }, { tenantId: tenantA, id: 2, text: 'Hello' }, { tenantId: tenantA, id: 3 }]);
    expect(rows[0]).toMatchObject({ text }); // what was given is left as it is

    await keys.destroy(where);
    const later = new TenantReads(dataSource, new Opener(new PersonKeys(keys)));
    expect(await later.open(notes, rows.slice(0, 1))).toMatchObject([{ text: ERASED, title: null }]);
  });
});
