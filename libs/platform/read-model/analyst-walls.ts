import type { Pool } from 'pg';

/** How the policies of analysts of one tenant must tell their rows: by the login, which no query can change. */
const BOUND_TO_LOGIN = /^\(tenant_id = \( SELECT a\.tenant_id\s+FROM parley\.analysts a\s+WHERE \(a\.role_name = CURRENT_USER\)\)\)$/;
const OWN_ROW = /^\(role_name = CURRENT_USER\)$/;

/**
 * What is missing in the walls around analysts, by Postgres's own catalogue.
 *
 * @param owner a pool that sees the whole catalogue
 * @returns a sentence for each defect; none when all is well
 */
export async function analystDefects(owner: Pool): Promise<readonly string[]> {
  const { rows: names } = await owner.query<{ everyone: string; tenants: string }>("select current_database() || '_analyst' as everyone, current_database() || '_tenant_analyst' as tenants");
  const { everyone, tenants } = names[0]!;
  return [...(await schemaDefects(owner, [everyone, tenants])), ...(await relationDefects(owner, [everyone, tenants])), ...(await policyDefects(owner, tenants))];
}

const OURS = `n.nspname not in ('pg_catalog', 'information_schema') and n.nspname not like 'pg\\_%'`;

/** A schema that they may not use holds nothing that they can name. */
async function schemaDefects(owner: Pool, groups: readonly string[]): Promise<string[]> {
  const { rows } = await owner.query<{ group: string; name: string }>(
    `select g as group, n.nspname as name from unnest($1::text[]) g cross join pg_namespace n
     where ${OURS} and n.nspname <> 'analytics' and has_schema_privilege(g, n.oid, 'usage') order by 1, 2`,
    [groups],
  );
  return rows.map(({ group, name }) => `${group} may look into schema ${name}`);
}

async function relationDefects(owner: Pool, groups: readonly string[]): Promise<string[]> {
  const { rows } = await owner.query<{ group: string; name: string; kind: string; is_invoker: boolean; writes: boolean }>(
    `select g as group, n.nspname || '.' || c.relname as name, c.relkind as kind, coalesce(c.reloptions @> array['security_invoker=true'], false) as is_invoker,
       has_table_privilege(g, c.oid, 'insert, update, delete, truncate, references, trigger') as writes
     from unnest($1::text[]) g cross join pg_class c join pg_namespace n on n.oid = c.relnamespace
     where ${OURS} and c.relkind in ('r', 'p', 'v', 'm', 'f') and has_table_privilege(g, c.oid, 'select, insert, update, delete') order by 1, 2`,
    [groups],
  );
  return rows.flatMap(({ group, name, kind, is_invoker, writes }) => [
    ...(writes ? [`${name}: ${group} may do more than read`] : []),
    ...(kind === 'm' || (kind === 'v' && !is_invoker) ? [`${name}: has the rights of its owner, open to ${group}`] : []),
  ]);
}

async function policyDefects(owner: Pool, tenants: string): Promise<string[]> {
  const { rows } = await owner.query<{ name: string; policy: string | null; reads: string | null; is_walled: boolean }>(
    `select n.nspname || '.' || c.relname as name, p.policyname as policy, p.qual as reads, c.relrowsecurity as is_walled
     from pg_class c join pg_namespace n on n.oid = c.relnamespace
       left join pg_policies p on p.schemaname = n.nspname and p.tablename = c.relname and (p.roles && array[$1::name, 'public'])
     where c.relkind in ('r', 'p') and ${OURS} and has_table_privilege($1, c.oid, 'select') order by 1`,
    [tenants],
  );
  return rows.flatMap(({ name, policy, reads, is_walled }) => {
    const wanted = name === 'parley.analysts' ? OWN_ROW : BOUND_TO_LOGIN;
    if (!is_walled) return [`${name}: row-level security is not enabled`];
    return policy === null || wanted.test(reads ?? '') ? [] : [`${name}: policy ${policy} lets ${tenants} past its tenant`];
  });
}
