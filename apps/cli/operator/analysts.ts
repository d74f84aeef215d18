import { randomBytes } from 'node:crypto';
import { text } from 'node:stream/consumers';
import { DomainError } from '@parley/kernel/domain-error.js';
import { id } from '@parley/kernel/meta.js';
import { createAnalyst, dropAnalyst, listAnalysts } from '@parley/platform/read-model/analysts.js';
import { CliError } from '../cli-error.js';
import type { Operator } from './open-operator.js';
import { withOperator } from './with-operator.js';

export interface NewAnalystOptions {
  /** Whose rows: the tenant's id, or its name. */
  readonly tenant?: string;
  readonly allTenants?: boolean;
  readonly passwordStdin?: boolean;
  readonly json?: boolean;
}

/** Logins to the database for those who read the tables of schema `analytics`. */
export const analysts = {
  async create(name: string, { tenant, allTenants, passwordStdin, json }: NewAnalystOptions): Promise<void> {
    if ((tenant === undefined) === (allTenants !== true)) throw new CliError('Say whose figures the analyst sees.', 'CLI', 'Either --tenant <id or name>, or --all-tenants.');
    const drawn = passwordStdin ? undefined : randomBytes(18).toString('base64url');
    const password = drawn ?? (await text(process.stdin)).replace(/\r?\n$/, '');
    await withOperator(async (operator) => {
      const tenantId = tenant === undefined ? null : await tenantNamed(operator, tenant);
      const { role } = await refusing(() => createAnalyst(operator.databases.owner, { name, tenantId, password }));
      const url = urlFor(operator, role);
      if (json) return console.log(JSON.stringify({ name, role, tenantId, url, password: drawn ?? null }));
      console.log(`${name} sees schema analytics, ${tenantId === null ? 'the rows of every tenant' : `the rows of tenant ${tenantId}`}:\n  ${url}`);
      if (drawn) console.log(`Their password, shown this once: ${drawn}`);
    });
  },

  async list({ json }: { readonly json?: boolean }): Promise<void> {
    await withOperator(async ({ databases }) => {
      const all = await listAnalysts(databases.owner);
      if (json) for (const each of all) console.log(JSON.stringify(each));
      else console.table(Object.fromEntries(all.map(({ name, role, tenantId }) => [name, { role, tenant: tenantId ?? 'all' }])));
    });
  },

  async drop(name: string): Promise<void> {
    await withOperator(({ databases }) => refusing(() => dropAnalyst(databases.owner, name)));
    console.log(`${name} sees nothing any more.`);
  },
};

/** @throws CliError when no tenant has this id or name */
async function tenantNamed({ databases }: Operator, tenant: string): Promise<string> {
  const { rows } = await databases.projector.query<{ tenant_id: string }>('select tenant_id from tenancy.tenants where tenant_id::text = $1 or slug = $1', [tenant.toLowerCase()]);
  if (!rows[0]) throw new CliError(`There is no tenant ${tenant}.`, 'TENANT_UNKNOWN', id.safeParse(tenant).success ? 'Check the id.' : 'Use its id, or its name in addresses.');
  return rows[0].tenant_id;
}

function urlFor({ databases }: Operator, role: string): string {
  const url = new URL(databases.urls.owner);
  [url.username, url.password] = [encodeURIComponent(role), ''];
  return url.href;
}

async function refusing<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    throw new CliError(error.message, error.code, error.hint, { cause: error });
  }
}
