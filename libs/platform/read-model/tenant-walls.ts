import type { Pool } from 'pg';
import type { Roles } from '../postgres/schema.js';

/** Tables without tenants that the app's role may read. */
const WITHOUT_TENANTS: ReadonlySet<string> = new Set(['parley.projection_checkpoints', 'parley.read_models']);

/** How every policy of the app's role must tell its rows: a tenant that is missing, or whose transaction has ended, is null and fits nothing. */
const TENANT_CHECK = /tenant_id = \(NULLIF\(current_setting\('app\.tenant_id'::text, true\), ''::text\)\)::uuid/;

/**
 * What is missing in the walls between tenants, by Postgres's own catalogue: so a new table is covered without a new test.
 *
 * @param owner a pool that sees the whole catalogue
 * @returns a sentence for each defect; none when all is well
 */
export async function wallDefects(owner: Pool, roles: Roles): Promise<readonly string[]> {
  return [
    ...(await tableDefects(owner, roles)),
    ...(await policyDefects(owner, roles)),
    ...(await keyDefects(owner, roles)),
    ...(await viewDefects(owner, roles)),
    ...(await roleDefects(owner, roles)),
  ];
}

const OURS = `n.nspname not in ('pg_catalog', 'information_schema') and n.nspname not like 'pg\\_%'`;
const APP_READS = `has_table_privilege($1, c.oid, 'select')`;

async function tableDefects(owner: Pool, { app }: Roles): Promise<string[]> {
  const { rows } = await owner.query<{ name: string; has_tenant: boolean; is_nullable: boolean; enabled: boolean; forced: boolean; app_reads: boolean; app_writes: boolean }>(
    `select n.nspname || '.' || c.relname as name, a.attname is not null as has_tenant, not coalesce(a.attnotnull, true) as is_nullable,
       c.relrowsecurity as enabled, c.relforcerowsecurity as forced, ${APP_READS} as app_reads,
       has_table_privilege($1, c.oid, 'insert, update, delete, truncate, references, trigger') as app_writes
     from pg_class c join pg_namespace n on n.oid = c.relnamespace
       left join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped
     where c.relkind in ('r', 'p', 'f') and ${OURS} order by 1`,
    [app],
  );
  return rows.flatMap(({ name, has_tenant, is_nullable, enabled, forced, app_reads, app_writes }) => [
    ...(has_tenant && is_nullable ? [`${name}: tenant_id may be null`] : []),
    ...(has_tenant && !enabled ? [`${name}: row-level security is not enabled`] : []),
    ...(has_tenant && !forced ? [`${name}: row-level security is not forced`] : []),
    ...(!has_tenant && app_reads && !WITHOUT_TENANTS.has(name) ? [`${name}: ${app} may read it, and it has no tenant_id`] : []),
    ...(app_writes ? [`${name}: ${app} may do more than read`] : []),
  ]);
}

async function policyDefects(owner: Pool, { app }: Roles): Promise<string[]> {
  const { rows } = await owner.query<{ name: string; policy: string | null; reads: string | null; writes: string | null }>(
    `select n.nspname || '.' || c.relname as name, p.policyname as policy, p.qual as reads, p.with_check as writes
     from pg_class c join pg_namespace n on n.oid = c.relnamespace
       left join pg_policies p on p.schemaname = n.nspname and p.tablename = c.relname and (p.roles && array[$1::name, 'public'])
     where c.relkind in ('r', 'p') and ${OURS} and ${APP_READS}
       and exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id') order by 1`,
    [app],
  );
  return rows.flatMap(({ name, policy, reads, writes }) => {
    if (policy === null) return [`${name}: no policy says what ${app} sees`];
    return TENANT_CHECK.test(reads ?? '') && TENANT_CHECK.test(writes ?? '') ? [] : [`${name}: policy ${policy} lets ${app} past its tenant`];
  });
}

/** A unique or foreign key that spans tenants tells one whether another has the same. */
async function keyDefects(owner: Pool, { app }: Roles): Promise<string[]> {
  const { rows } = await owner.query<{ name: string; key: string }>(
    `select n.nspname || '.' || c.relname as name, i.indexrelid::regclass::text as key
     from pg_index i join pg_class c on c.oid = i.indrelid join pg_namespace n on n.oid = c.relnamespace
       left join pg_attribute a on a.attrelid = c.oid and a.attnum = i.indkey[0]
     where i.indisunique and ${OURS} and ${APP_READS} and a.attname is distinct from 'tenant_id'
     union all
     select n.nspname || '.' || c.relname, k.conname
     from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_namespace n on n.oid = c.relnamespace
       left join pg_attribute a on a.attrelid = c.oid and a.attnum = k.conkey[1]
     where k.contype = 'f' and ${OURS} and ${APP_READS} and a.attname is distinct from 'tenant_id' order by 1, 2`,
    [app],
  );
  return rows.filter(({ name }) => !WITHOUT_TENANTS.has(name)).map(({ name, key }) => `${name}: key ${key} does not begin with tenant_id`);
}

/** What runs with its owner's rights shows every tenant's rows. */
async function viewDefects(owner: Pool, { app }: Roles): Promise<string[]> {
  const { rows } = await owner.query<{ name: string; kind: string }>(
    `select n.nspname || '.' || c.relname as name, case c.relkind when 'm' then 'a materialised view' else 'a view with the rights of its owner' end as kind
     from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where ${OURS} and ${APP_READS} and (c.relkind = 'm' or (c.relkind = 'v' and not coalesce(c.reloptions @> array['security_invoker=true'], false)))
     union all
     select n.nspname || '.' || p.proname, 'a function with the rights of its owner'
     from pg_proc p join pg_namespace n on n.oid = p.pronamespace
     where ${OURS} and p.prosecdef and has_schema_privilege($1, n.oid, 'usage') and has_function_privilege($1, p.oid, 'execute') order by 1`,
    [app],
  );
  return rows.map(({ name, kind }) => `${name}: ${kind}, open to ${app}`);
}

async function roleDefects(owner: Pool, roles: Roles): Promise<string[]> {
  const { rows } = await owner.query<{ role: string; reason: string }>(
    `select r.rolname as role, d.reason from pg_roles r cross join lateral (values
       (r.rolsuper or r.rolbypassrls or r.rolcreaterole or r.rolcreatedb or r.rolreplication, 'has rights beyond its part'),
       (exists (select from pg_auth_members m where m.member = r.oid), 'is a member of another role'),
       (exists (select from pg_class c where c.relowner = r.oid and c.relpersistence <> 't'), 'owns a table'),
       (exists (select from pg_namespace n where ${OURS} and has_schema_privilege(r.oid, n.oid, 'create')) or
         has_database_privilege(r.oid, current_database(), 'create'), 'may change the schema')) d(is_so, reason)
     where r.rolname = any($1) and d.is_so order by 1, 2`,
    [Object.values(roles)],
  );
  return rows.map(({ role, reason }) => `${role} ${reason}`);
}
