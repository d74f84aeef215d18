import { connectClient } from '../postgres/connect.js';
import { type Databases, openDatabases } from '../postgres/databases.js';
import { masterKey, newDatabase, specDatabases } from '../testing/database.js';
import { recorded } from '../testing/recorded.js';
import { analystDefects } from './analyst-walls.js';
import { AnalystExists, AnalystNameInvalid, AnalystPasswordInvalid, AnalystUnknown, createAnalyst, dropAnalyst, listAnalysts } from './analysts.js';
import { PostgresProjector } from './postgres.projector.js';
import { Added, kept, stock, tenantA, tenantB } from './projector.contract.js';
import { readModelSchema } from './read-model.schema.js';
import { defineReport, reportsPart } from './reports.js';
import { wallDefects } from './tenant-walls.js';

const columns = { tenant_id: ['id', 'Whose'], amount: ['number', 'How many'] } as const;
const items = defineReport({ name: 'analytics.items', about: 'Items.', reads: [kept], sql: 'select tenant_id, amount from spec.by_item', columns });
const places = defineReport({ name: 'analytics.places', about: 'Places.', reads: [kept], sql: 'select tenant_id, amount from spec.kept', columns });
const password = 'a password of theirs';

let databases: Databases;
beforeAll(async () => {
  databases = await specDatabases([readModelSchema, reportsPart('spec', [items, places])]);
  const projector = await PostgresProjector.open(databases, { storeId: '0190a000-0000-7000-8000-0000000000aa', epoch: 1 }, [kept, stock]);
  await projector.publish();
  const added = (tenantId: string, amount: number) => ({ ...Added({ shelf: 'oak', item: 'pen', amount }), tenantId });
  await projector.apply(recorded([added(tenantA, 3), added(tenantB, 4)]));
  await projector.close();
});
afterEach(async () => {
  for (const { name } of await listAnalysts(databases.owner)) await dropAnalyst(databases.owner, name);
});
afterAll(() => databases.close());

async function as<Result>(role: string, work: (ask: (sql: string) => Promise<object[]>) => Promise<Result>): Promise<Result> {
  const url = new URL(databases.urls.owner);
  [url.username, url.password] = [role, encodeURIComponent(password)];
  const client = await connectClient(url.href);
  try {
    return await work(async (sql) => (await client.query<object>(sql)).rows);
  } finally {
    await client.end();
  }
}

const create = (name: string, tenantId: string | null) => createAnalyst(databases.owner, { name, tenantId, password });

describe("a tenant's analyst", () => {
  it('sees the rows of their tenant in every view, and not one of another', async () => {
    const { role } = await create('ada', tenantA);
    await as(role, async (ask) => {
      for (const view of ['items', 'analytics.places']) expect(await ask(`select * from ${view}`)).toEqual([{ tenant_id: tenantA, amount: expect.anything() as unknown }]);
      expect(await ask(`select * from items where tenant_id = '${tenantB}'`)).toEqual([]);
      await ask(`set app.tenant_id = '${tenantB}'`);
      expect(await ask('select tenant_id from items')).toEqual([{ tenant_id: tenantA }]);
    });
  });

  it('becomes nobody else, and sees nothing as the group', async () => {
    const { role } = await create('ada', tenantA);
    const everyone = role.replace('_analyst_ada', '_analyst');
    await as(role, async (ask) => {
      for (const other of [everyone, databases.roles.app, databases.roles.projector]) await expect(ask(`set role "${other}"`)).rejects.toThrow('permission denied');
      await ask(`set role "${everyone.replace(/_analyst$/, '_tenant_analyst')}"`);
      expect(await ask('select * from analytics.items')).toEqual([]);
    });
  });

  it('sees nothing any more once they are dropped, not even on a connection that is open', async () => {
    const { role } = await create('ada', tenantA);
    await as(role, async (ask) => {
      expect(await ask('select * from items')).toHaveLength(1);
      await dropAnalyst(databases.owner, 'ada');
      expect(await ask('select * from analytics.items').catch(() => [])).toEqual([]);
    });
    await expect(as(role, (ask) => ask('select 1'))).rejects.toThrow('password');
  });
});

describe("an operator's analyst", () => {
  it('sees the rows of every tenant', async () => {
    const { role } = await create('grace', null);
    expect(await as(role, (ask) => ask('select amount::int as amount from items order by amount'))).toEqual([{ amount: 3 }, { amount: 4 }]);
  });
});

describe('an analyst, whosever', () => {
  it.each([['a tenant', tenantA], ['all', null]])('of %s sees no relation outside of schema analytics, and changes nothing', async (_, tenantId) => {
    const { role } = await create('eve', tenantId);
    const { rows } = await databases.owner.query<{ name: string }>(
      "select format('%I.%I', n.nspname, c.relname) as name from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.relkind in ('r', 'v', 'm', 'p', 'S', 'f') and n.nspname in ('parley', 'spec')",
    );
    expect(rows.length).toBeGreaterThan(8); // the check looks at something
    await as(role, async (ask) => {
      for (const { name } of rows) await expect(ask(`select * from ${name}`)).rejects.toThrow('permission denied');
      await ask('set default_transaction_read_only = off'); // they can: it is not what holds them
      for (const sql of [
        'insert into analytics.items values (null, 1)',
        'update analytics.places set amount = 0',
        'delete from analytics.places',
        'create table analytics.mine (a int)',
        'create table public.mine (a int)',
        'create temporary table mine (a int)',
        'create schema mine',
        'select parley.make_reports()',
        'drop view analytics.items',
        `alter role "${role}" bypassrls`,
        `alter role "${role}" connection limit 1000`,
        "copy (select 1) to program 'true'",
        "select pg_read_file('postgresql.conf')",
      ]) {
        await expect(ask(sql)).rejects.toThrow(/permission denied|must be owner|cannot (insert|update|delete)/);
      }
      expect(await ask("select * from pg_stats where schemaname in ('parley', 'spec')")).toEqual([]); // samples of values
    });
  });

  it('leaves the walls between tenants standing', async () => {
    await create('ada', tenantA);
    expect(await wallDefects(databases.owner, databases.roles)).toEqual([]);
    expect(await analystDefects(databases.owner)).toEqual([]);
  });

  it.each([
    ['a schema that is opened', 'grant usage on schema spec to "GROUP"', 'revoke usage on schema spec from "GROUP"', 'DB_tenant_analyst may look into schema spec'],
    ['a table that they may change', 'grant insert on spec.kept_v1 to "GROUP"', 'revoke insert on spec.kept_v1 from "GROUP"', 'spec.kept_v1: DB_tenant_analyst may do more than read'],
    ['a policy that lets everything through', 'create policy open on spec.kept_v1 for select to "GROUP" using (true)', 'drop policy open on spec.kept_v1', 'spec.kept_v1: policy open lets DB_tenant_analyst past its tenant'],
    ['a table without walls', 'create table analytics.new (id int); grant select on analytics.new to "GROUP"', 'drop table analytics.new', 'analytics.new: row-level security is not enabled'],
    ['a view with the rights of its owner', 'create view analytics.new as select * from spec.kept_v1; grant select on analytics.new to "GROUP"', 'drop view analytics.new', 'analytics.new: has the rights of its owner, open to DB_tenant_analyst'],
  ])('is kept in by walls that are found wanting by %s', async (_, plant, clear, defect) => {
    const database = new URL(databases.urls.owner).pathname.slice(1);
    const [group, expected] = [`${database}_tenant_analyst`, defect.replace('DB', database)];
    await databases.owner.query(plant.replace('GROUP', group));
    expect(await analystDefects(databases.owner)).toEqual([expected]);
    await databases.owner.query(clear.replace('GROUP', group));
  });

  it('is made and dropped by an owner who is no superuser, but may make roles', async () => {
    const url = new URL(await newDatabase());
    const database = url.pathname.slice(1);
    await databases.owner.query(`create role "${database}_owner" login createrole password 'spec'; alter database ${database} owner to "${database}_owner"`);
    [url.username, url.password] = [`${database}_owner`, 'spec'];
    const plain = await openDatabases({ ownerUrl: url.href, masterKey, tables: [readModelSchema] });
    await createAnalyst(plain.owner, { name: 'ada', tenantId: tenantA, password });
    expect(await listAnalysts(plain.owner)).toMatchObject([{ name: 'ada', tenantId: tenantA }]);
    await dropAnalyst(plain.owner, 'ada');
    expect(await listAnalysts(plain.owner)).toEqual([]);
    await plain.close();
  });

  it('is listed, with whose rows they see', async () => {
    await create('ada', tenantA);
    await create('grace', null);
    expect((await listAnalysts(databases.owner)).map(({ name, tenantId }) => [name, tenantId])).toEqual([['ada', tenantA], ['grace', null]]);
  });

  it('has a name of their own, and a password that is one', async () => {
    await create('ada', tenantA);
    await expect(create('ada', tenantB)).rejects.toThrow(AnalystExists);
    for (const name of ['', 'Ada', '1st', 'a-b', 'a"b', 'x'.repeat(21)]) await expect(create(name, null)).rejects.toThrow(AnalystNameInvalid);
    for (const weak of ['short', 'ünïcödé pässwörd', 'x'.repeat(129)]) await expect(createAnalyst(databases.owner, { name: 'weak', tenantId: null, password: weak })).rejects.toThrow(AnalystPasswordInvalid);
    await expect(dropAnalyst(databases.owner, 'nobody')).rejects.toThrow(AnalystUnknown);
  });
});
