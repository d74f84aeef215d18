import { randomBytes } from 'node:crypto';
import { defineError } from '@parley/kernel/domain-error.js';
import { DatabaseError, type Pool } from 'pg';
import { scramVerifier } from '../postgres/roles.js';

export class AnalystNameInvalid extends defineError('ANALYST_NAME_INVALID', 'invalid', "An analyst's name is 1 to 20 small letters, digits and underscores, a letter first.", 'Choose another name.') {}
export class AnalystPasswordInvalid extends defineError('ANALYST_PASSWORD_INVALID', 'invalid', "An analyst's password is 12 to 128 printable ASCII characters.", 'Leave it out to have one drawn.') {}
export class AnalystExists extends defineError('ANALYST_EXISTS', 'conflict', 'There is an analyst of that name.', 'Choose another name, or drop that one first.') {}
export class AnalystUnknown extends defineError('ANALYST_UNKNOWN', 'not-found', 'There is no analyst of that name.', 'List them to see their names.') {}

/** A login to the database that sees the views of schema `analytics` and nothing else. */
export interface Analyst {
  readonly name: string;
  /** As whom to connect. */
  readonly role: string;
  /** Whose rows; null: every tenant's. */
  readonly tenantId: string | null;
}

export interface NewAnalyst {
  readonly name: string;
  readonly tenantId: string | null;
  readonly password: string;
}

/** What may hold others up is bounded: an analyst's forgotten transaction must not keep a rebuilt table from being published. */
const SETTINGS = { default_transaction_read_only: 'on', statement_timeout: '15min', idle_in_transaction_session_timeout: '1min', search_path: 'analytics' };
const MOST_CONNECTIONS = 5;

/**
 * Makes a login for an analyst: of one tenant, or of the operator's, who sees them all.
 *
 * @param owner of the database; it must be allowed to make roles
 * @throws AnalystNameInvalid, AnalystPasswordInvalid, AnalystExists
 */
export async function createAnalyst(owner: Pool, { name, tenantId, password }: NewAnalyst): Promise<Analyst> {
  if (!/^[a-z][a-z\d_]{0,19}$/.test(name)) throw new AnalystNameInvalid();
  if (!/^[\x20-\x7e]{12,128}$/.test(password)) throw new AnalystPasswordInvalid();
  const client = await owner.connect();
  try {
    const database = await databaseOf(client);
    const role = roleOf(database, name);
    await client.query('begin');
    await client.query(`create role ${role} login nosuperuser nocreatedb nocreaterole noreplication nobypassrls connection limit ${MOST_CONNECTIONS}
      password '${scramVerifier(password, randomBytes(16))}' in role "${database}${tenantId === null ? EVERYONE : TENANTS}"`);
    for (const [setting, value] of Object.entries(SETTINGS)) await client.query(`alter role ${role} in database "${database}" set ${setting} = '${value}'`);
    if (tenantId !== null) await client.query('insert into parley.analysts (role_name, tenant_id) values ($1, $2)', [unquoted(role), tenantId]);
    await client.query('commit');
    client.release();
    return { name, role: unquoted(role), tenantId };
  } catch (error) {
    client.release(true); // closes the connection, which rolls back
    if (error instanceof DatabaseError && error.code === '42710') throw new AnalystExists({ name });
    throw error;
  }
}

export async function listAnalysts(owner: Pool): Promise<readonly Analyst[]> {
  const { rows } = await owner.query<{ role: string; prefix: string; tenantId: string | null }>(
    `select r.rolname as role, d.prefix, a.tenant_id as "tenantId"
     from (select current_database() || '_analyst_' as prefix) d
       join pg_roles r on starts_with(r.rolname, d.prefix) and r.rolcanlogin left join parley.analysts a on a.role_name = r.rolname order by 1`,
  );
  return rows.map(({ role, prefix, tenantId }) => ({ name: role.slice(prefix.length), role, tenantId }));
}

/** What they have open sees no more rows from then on. @throws AnalystUnknown */
export async function dropAnalyst(owner: Pool, name: string): Promise<void> {
  const known = (await listAnalysts(owner)).find((each) => each.name === name);
  if (!known) throw new AnalystUnknown({ name });
  await owner.query(`begin; delete from parley.analysts where role_name = '${known.role}'; drop role "${known.role}"; commit`);
}

const [EVERYONE, TENANTS] = ['_analyst', '_tenant_analyst'];
const MOST_BYTES_OF_A_NAME = 63;

async function databaseOf(database: Pick<Pool, 'query'>): Promise<string> {
  const { rows } = await database.query<{ name: string }>('select current_database() as name');
  return rows[0]!.name;
}

/** @throws AnalystNameInvalid when it would be too long for Postgres, which would cut it */
function roleOf(database: string, name: string): string {
  const role = `${database}${EVERYONE}_${name}`;
  if (Buffer.byteLength(role) > MOST_BYTES_OF_A_NAME) throw new AnalystNameInvalid({ most: MOST_BYTES_OF_A_NAME - Buffer.byteLength(`${database}${EVERYONE}_`) });
  return `"${role}"`;
}

const unquoted = (name: string) => name.slice(1, -1);
