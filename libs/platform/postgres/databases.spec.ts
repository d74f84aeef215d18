import { connectClient, connectPool } from './connect.js';
import { type Databases, openDatabases } from './databases.js';
import { APP, createSchema, PROJECTOR } from './schema.js';
import { masterKey, newDatabase, specDatabases } from '../testing/database.js';
import { writeSideTable } from './write-side-table.js';

const tenantId = '0190a000-0000-7000-8000-000000000001';
const secrets = writeSideTable({
  name: 'spec.secrets',
  columns: 'name text not null, value int not null',
  primaryKey: ['name'],
  tenant: true,
  indexes: [{ name: 'secrets_by_value', on: '(tenant_id, value)', isUnique: true }],
});
const list = {
  name: 'spec.list',
  ddl: `${createSchema('spec')} create table if not exists spec.list (tenant_id uuid not null); grant select on spec.list to ${APP}; grant insert on spec.list to ${PROJECTOR};`,
};

describe('the databases', () => {
  let databases: Databases;
  beforeAll(async () => void (databases = await specDatabases([secrets, list])));
  afterAll(() => databases.close());

  it('give each role its part and no more', async () => {
    const insert = `insert into spec.secrets values ('${tenantId}', 'door', 7)`;
    await databases.writer.query(insert);
    for (const pool of [databases.app, databases.projector]) {
      await expect(pool.query('select * from spec.secrets')).rejects.toThrow('permission denied');
      await expect(pool.query(insert)).rejects.toThrow(/permission denied|read-only/);
    }
    await databases.projector.query(`insert into spec.list values ('${tenantId}')`);
    expect((await databases.app.query('select * from spec.list')).rows).toHaveLength(1);
    await expect(databases.writer.query('select * from spec.list')).rejects.toThrow('permission denied');
  });

  it('hide a write-side table from the app even where someone granted it', async () => {
    await databases.owner.query(`insert into spec.secrets values ('${tenantId}', 'window', 8); grant select on spec.secrets to "${databases.roles.app}"`);
    expect((await databases.app.query('select * from spec.secrets')).rows).toEqual([]);
    await databases.owner.query(`revoke select on spec.secrets from "${databases.roles.app}"`);
  });

  it.each(['app', 'projector', 'writer'] as const)('let the %s role change nothing about itself or the tables', async (role) => {
    const pool = databases[role];
    for (const sql of [
      'create table spec.mine (a int)',
      'create table public.mine (a int)',
      'create schema mine',
      'create temporary table mine (a int)',
      'alter table spec.secrets disable row level security',
      'drop policy only_for on spec.secrets',
      `set role "${new URL(databases.urls.owner).username}"`,
      `alter role "${databases.roles[role]}" bypassrls`,
      "copy (select 1) to program 'true'",
    ]) {
      await expect(pool.query(sql)).rejects.toThrow(/permission denied|must be owner|read-only/);
    }
    await expect(pool.query('set role postgres')).rejects.toThrow('permission denied');
  });

  it('open again with the same key, and one at a time when many start together', async () => {
    const url = databases.urls.owner;
    const many = await Promise.all([1, 2, 3, 4].map(() => openDatabases({ ownerUrl: url, masterKey, tables: [secrets, list] })));
    expect((await many[3]!.writer.query('select name from spec.secrets order by name')).rows).toHaveLength(2);
    await Promise.all(many.map((each) => each.close()));
  });

  it('take the passwords of another master key away', async () => {
    const mine = await specDatabases();
    const theirs = await openDatabases({ ownerUrl: mine.urls.owner, masterKey: Buffer.alloc(32, 8), tables: [] });
    await expect(connectClient(mine.urls.app)).rejects.toThrow('password');
    expect((await theirs.app.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
    await Promise.all([mine.close(), theirs.close()]);
  });

  it('name the part of the schema that fails, and leave nothing of it', async () => {
    const good = { name: 'good', ddl: 'create table public.half (a int)' };
    await expect(databases.applySchema([good, { name: 'spec.broken', ddl: 'create tabel x' }])).rejects.toThrow(/^spec\.broken: syntax error/);
    expect((await databases.owner.query("select to_regclass('public.half') as half")).rows).toEqual([{ half: null }]);
  });

  it('begin their schema again when they had to give way to another at work', async () => {
    const parts = ['first', 'second'].map((name) => ({ name: `spec.${name}`, ddl: `create schema if not exists spec; create table if not exists spec.${name} (a int); alter table spec.${name} alter a set default 1` }));
    await databases.applySchema(parts);
    const other = await databases.owner.connect();
    await other.query("begin; set local deadlock_timeout = '30s'; lock table spec.second"); // so that it is us who find the deadlock
    const applied = databases.applySchema(parts);
    await new Promise((resolve) => setTimeout(resolve, 300));
    await other.query('lock table spec.first');
    await other.query('commit');
    other.release();
    await applied;
  });

  it('refuse a role that may do more than it should', async () => {
    const { urls, roles, ...pools } = await specDatabases();
    await pools.owner.query(`alter role "${roles.app}" bypassrls`);
    await expect(openDatabases({ ownerUrl: urls.owner, masterKey, tables: [] })).rejects.toThrow(roles.app);
    await Promise.all([pools.owner, pools.app, pools.projector, pools.writer].map((pool) => pool.end()));
  });
});

describe('a database that cannot be used', () => {
  it('is said in one sentence without the password', async () => {
    const refused = openDatabases({ ownerUrl: 'postgres://me:hunter2@127.0.0.1:1/parley', masterKey, tables: [] });
    await expect(refused).rejects.toThrow(/^The database 127\.0\.0\.1:1\/parley cannot be reached: ECONNREFUSED\.$/);
    const stranger = new URL(await newDatabase());
    stranger.password = 'hunter2';
    const wrong = await openDatabases({ ownerUrl: stranger.href, masterKey, tables: [] }).catch((error: unknown) => error);
    expect(String(wrong)).toMatch(/refuses the user: password authentication failed/);
    expect(String(wrong)).not.toContain('hunter2');
  });
});

describe('an error of Postgres', () => {
  it('quotes no row and no value', async () => {
    const pool = connectPool(await newDatabase());
    await pool.query('create table people (email text primary key, age int check (age > 0))');
    await pool.query("insert into people values ('canary@spec', 1)");
    const failing: [string, unknown[]][] = [
      ['insert into people values ($1, 1)', ['canary@spec']],
      ['insert into people values ($1, -1)', ['canary@spec']],
      ['select $1::uuid', ['canary@spec']],
      ['select $1::jsonb', ['{canary@spec']],
      ['select ($1::text)::int', ['canary@spec']],
    ];
    for (const [sql, values] of failing) {
      const error = (await pool.query(sql, values).catch((reason: unknown) => reason)) as Error;
      expect(error).toBeInstanceOf(Error);
      expect(JSON.stringify(error, Object.getOwnPropertyNames(error)) + String(error.stack)).not.toContain('canary');
    }
    await pool.end();
  });
});
