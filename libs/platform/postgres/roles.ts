import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';
import type { Pool } from 'pg';
import { applySchema, type Roles } from './schema.js';

const MOST_BYTES_OF_A_NAME = 63;
const LONGEST_ENDING = '_tenant_analyst';

/**
 * The roles of one database. A cluster shares its roles among its databases: named after theirs, two Parleys do not meet.
 *
 * @throws RangeError when the database's name leaves no room
 */
export function rolesOf(database: string): Roles {
  const roles = { app: `${database}_app`, projector: `${database}_projector`, writer: `${database}_writer`, historian: `${database}_historian` };
  const most = MOST_BYTES_OF_A_NAME - LONGEST_ENDING.length;
  if (Buffer.byteLength(database) > most) throw new RangeError(`the name of database ${database} is too long: at most ${most} bytes`);
  if (/["\0{}]/.test(database)) throw new RangeError(`the name of database ${database} has characters that Parley cannot take`);
  return roles;
}

/** A role's password: follows from the master key, so that it is stored nowhere and every process knows it. */
export const passwordOf = (role: string, masterKey: Buffer): string => derive(masterKey, `parley.postgres.password ${role}`).toString('base64url');

/**
 * Makes the roles, or gives them the password that follows from the master key.
 *
 * @throws Error when a role of that name is more powerful than it may be
 */
export async function createRoles(owner: Pool, database: string, masterKey: Buffer): Promise<Roles> {
  const roles = rolesOf(database);
  const name = quoted(database);
  const ddl = [
    ...Object.values(roles).map((role: string) => createRole(role, verifierOf(role, masterKey))),
    `revoke all on database ${name} from public; revoke all on schema public from public;`,
    `grant connect on database ${name} to {{app}}, {{projector}}, {{writer}};`,
    `grant connect, temporary on database ${name} to {{historian}};`,
    'alter role {{app}} set default_transaction_read_only = on;',
  ].join('\n');
  await applySchema(owner, roles, [{ name: 'roles', ddl }]);
  await checkRoles(owner, roles);
  return roles;
}

// The attributes stand at `create` alone: to name them in `alter`, even to take them away, needs a superuser.
const createRole = (role: string, verifier: string) => `
do $$ begin
  create role ${quoted(role)} login nosuperuser nocreatedb nocreaterole noreplication nobypassrls;
exception when duplicate_object or unique_violation then null; end $$;
alter role ${quoted(role)} login password '${verifier}';`;

async function checkRoles(owner: Pool, roles: Roles): Promise<void> {
  const { rows } = await owner.query<{ role: string }>(
    `select rolname as role from pg_roles r where rolname = any($1) and (rolsuper or rolbypassrls or rolcreaterole or rolcreatedb or rolreplication
       or exists (select from pg_auth_members m where m.member = r.oid)
       or exists (select from pg_class c where c.relowner = r.oid and c.relpersistence <> 't') or exists (select from pg_namespace n where n.nspowner = r.oid))`,
    [Object.values(roles)],
  );
  if (rows.length > 0) throw new Error(`roles that may do more than Parley allows: ${rows.map(({ role }) => role).join(', ')}`);
}

/** The salt follows from the key too, so that every start says the same. */
const verifierOf = (role: string, masterKey: Buffer) => scramVerifier(passwordOf(role, masterKey), derive(masterKey, `parley.postgres.salt ${role}`).subarray(0, 16));

/**
 * What Postgres keeps of a password (RFC 5803). Sent instead of the password, it leaves nothing in a server's log.
 *
 * @param password printable ASCII: nothing that would have to be normalised
 * @param salt 16 bytes
 */
export function scramVerifier(password: string, salt: Buffer): string {
  const iterations = 4_096;
  const salted = pbkdf2Sync(password, salt, iterations, 32, 'sha256');
  const storedKey = createHash('sha256').update(derive(salted, 'Client Key')).digest('base64');
  return `SCRAM-SHA-256$${iterations}:${salt.toString('base64')}$${storedKey}:${derive(salted, 'Server Key').toString('base64')}`;
}

const derive = (key: Buffer, label: string) => createHmac('sha256', key).update(label).digest();

const quoted = (name: string) => `"${name}"`;
