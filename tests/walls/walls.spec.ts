import { jest } from '@jest/globals';
import { connectPool } from '@parley/platform/postgres/connect.js';
import { rolesOf } from '@parley/platform/postgres/roles.js';
import { analystDefects } from '@parley/platform/read-model/analyst-walls.js';
import { wallDefects } from '@parley/platform/read-model/tenant-walls.js';
import { newDatabase } from '@parley/platform/testing/database.js';
import type { Pool } from 'pg';
import { discardDataDirs, type Parley, startParley } from '../running/parley.js';

jest.setTimeout(60_000);

let parley: Parley;
let owner: Pool;
let name: string;
beforeAll(async () => {
  const url = await newDatabase();
  parley = await startParley({ env: { PARLEY_DATABASE_URL: url } });
  owner = connectPool(url);
  name = new URL(url).pathname.slice(1);
});
afterAll(async () => {
  await owner?.end();
  await parley?.stop();
  discardDataDirs();
});

const defects = () => wallDefects(owner, rolesOf(name));

describe('the walls between tenants, in the database that the whole program made', () => {
  it('stand around every table', async () => {
    const { rows } = await owner.query<{ tables: bigint }>(
      `select count(*) as tables from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id'
       where c.relkind = 'r' and n.nspname = any('{parley,cqrs,identity,tenancy,agents,chat,inference,usage}') and c.relrowsecurity and c.relforcerowsecurity`,
    );
    expect(Number(rows[0]!.tables)).toBeGreaterThan(15); // the check looked at something
    expect(await defects()).toEqual([]);
  });

  it('stand around what analysts see', async () => {
    const { rows } = await owner.query<{ name: string }>(
      `select n.nspname || '.' || c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
       where c.relkind = 'r' and n.nspname not like 'pg\\_%' and n.nspname <> 'information_schema' and has_table_privilege($1, c.oid, 'select') order by 1`,
      [`${name}_tenant_analyst`],
    );
    expect(rows.map((each) => each.name.replace(/_v\d.*$/, '')).sort()).toEqual([
      'parley.analysts', // their own row
      'usage.conversations_daily',
      'usage.errors_daily',
      'usage.first_tokens_daily',
      'usage.latencies_daily',
      'usage.people',
      'usage.people_daily',
      'usage.replies',
      'usage.usage_daily',
      'usage.usage_daily_by_agent',
      'usage.usage_hourly',
    ]);
    expect(await analystDefects(owner)).toEqual([]);
  });

  it('are found wanting by a new table that has none', async () => {
    await owner.query(`create table chat.planted (tenant_id uuid, id int primary key); grant select, insert on chat.planted to "${name}_app"`);
    try {
      expect(await defects()).toEqual([
        'chat.planted: tenant_id may be null',
        'chat.planted: row-level security is not enabled',
        'chat.planted: row-level security is not forced',
        `chat.planted: ${name}_app may do more than read`,
        `chat.planted: no policy says what ${name}_app sees`,
        'chat.planted: key chat.planted_pkey does not begin with tenant_id',
      ]);
    } finally {
      await owner.query('drop table chat.planted');
    }
  });

  it('hold for a connection of the app: it owns nothing, becomes nobody else, and writes nothing', async () => {
    const { rows } = await owner.query<{ owned: bigint; reachable: bigint }>(
      `select (select count(*) from pg_class c where c.relowner = r.oid) as owned,
         (select count(*) from pg_roles other where other.oid <> r.oid and pg_has_role(r.oid, other.oid, 'member')) as reachable
       from pg_roles r where r.rolname = $1`,
      [`${name}_app`],
    );
    expect(rows).toEqual([{ owned: 0n, reachable: 0n }]);
  });
});
