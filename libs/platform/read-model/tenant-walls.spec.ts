import type { Databases } from '../postgres/databases.js';
import { specDatabases } from '../testing/database.js';
import { latest, stock } from './projector.contract.js';
import { PostgresProjector } from './postgres.projector.js';
import { readModelSchema } from './read-model.schema.js';
import { wallDefects } from './tenant-walls.js';

let databases: Databases;
let app: string;
beforeAll(async () => {
  databases = await specDatabases([readModelSchema]);
  app = databases.roles.app;
  const projector = await PostgresProjector.open(databases, { storeId: crypto.randomUUID(), epoch: 1 }, [stock, latest]);
  await projector.publish();
  await projector.close();
});
afterAll(() => databases.close());

const defects = () => wallDefects(databases.owner, databases.roles);
const run = (sql: string) => databases.owner.query(sql.replaceAll('APP', `"${app}"`));

describe('the walls between tenants', () => {
  it('stand around everything that a projector makes', async () => expect(await defects()).toEqual([]));

  const TENANT = `(tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)`;
  const TABLE = 'create table spec.new (tenant_id uuid not null, id int, primary key (tenant_id, id));';
  const WALLED = `${TABLE} alter table spec.new enable row level security, force row level security; create policy tenant on spec.new to APP using ${TENANT} with check ${TENANT};`;
  const GRANT = 'grant select on spec.new to APP;';
  it.each([
    ['a new table without row-level security', TABLE, ['spec.new: row-level security is not enabled', 'spec.new: row-level security is not forced']],
    ['a table whose owner passes', `${WALLED} alter table spec.new no force row level security;`, ['spec.new: row-level security is not forced']],
    ['a tenant that may be missing', 'create table spec.new (tenant_id uuid, id int); alter table spec.new enable row level security, force row level security;', ['spec.new: tenant_id may be null']],
    ['a table without tenants', `create table spec.new (id int); ${GRANT}`, [() => `spec.new: ${app} may read it, and it has no tenant_id`]],
    ['a table that the app may change', `${WALLED} grant select, insert on spec.new to APP;`, [() => `spec.new: ${app} may do more than read`]],
    ['a table without a policy', `${TABLE} alter table spec.new enable row level security, force row level security; ${GRANT}`, [() => `spec.new: no policy says what ${app} sees`]],
    ['a policy that lets everything through', `${WALLED} ${GRANT} create policy open on spec.new using (true);`, [() => `spec.new: policy open lets ${app} past its tenant`]],
    ['a policy that reads the setting without nullif', `${TABLE} ${GRANT} alter table spec.new enable row level security, force row level security;
      create policy tenant on spec.new using (tenant_id = current_setting('app.tenant_id')::uuid);`, [() => `spec.new: policy tenant lets ${app} past its tenant`]],
    ['a unique key across tenants', `${WALLED} ${GRANT} create unique index oracle on spec.new (id);`, ['spec.new: key spec.oracle does not begin with tenant_id']],
    ['a foreign key across tenants', `${WALLED} ${GRANT} create table spec.other (id int primary key); alter table spec.new add foreign key (id) references spec.other;`, ['spec.new: key new_id_fkey does not begin with tenant_id']],
    ['a view with the rights of its owner', 'create view spec.seen as select * from spec.stock_v1; grant select on spec.seen to APP;', [() => `spec.seen: a view with the rights of its owner, open to ${app}`]],
    ['a materialised view', 'create materialized view spec.seen as select * from spec.stock_v1; grant select on spec.seen to APP;', [() => `spec.seen: a materialised view, open to ${app}`]],
    ['a function with the rights of its owner', `create function spec.all() returns bigint language sql security definer as 'select count(*) from spec.stock_v1';`, [() => `spec.all: a function with the rights of its owner, open to ${app}`]],
    ['a role that may change the schema', 'grant create on schema spec to APP;', [() => `${app} may change the schema`]],
  ] as const)('are found wanting by %s', async (_, sql, expected) => {
    await run(sql);
    try {
      expect(await defects()).toEqual(expected.map((each) => (typeof each === 'string' ? each : each())));
    } finally {
      await run('revoke create on schema spec from APP; drop function if exists spec.all; drop table if exists spec.new, spec.other');
      for (const kind of ['view', 'materialized view']) await run(`drop ${kind} if exists spec.seen`).catch(() => undefined); // it is of one kind
    }
  });
});
