import { createHmac } from 'node:crypto';
import { defineError } from '@parley/kernel/domain-error.js';
import type { Actor } from '@parley/kernel/meta.js';
import { Databases } from '@parley/platform/postgres/databases.js';
import { writeSideTable } from '@parley/platform/postgres/write-side-table.js';
import { Injectable } from '@nestjs/common';
import { DatabaseError } from 'pg';
import type { PersonRole } from '../domain/person.events.js';
import { IdentitySecrets } from '../tokens/identity-secrets.js';

/**
 * Who may sign in, by what. The address itself is not here, only its keyed hash. Rows are found before the tenant is known, and an
 * address is unique in the whole house, so its hash alone is the key.
 */
export const credentialsTable = writeSideTable({
  name: 'identity.credentials',
  tenant: false,
  columns: `email_lookup bytea not null,
    tenant_id uuid not null,
    person_id uuid not null,
    role text not null,
    tenant_slug text,
    password_hash text not null,
    command_id text not null,
    status text not null check (status in ('reserved', 'registered')),
    reserved_at timestamptz not null default now()`,
  primaryKey: ['email_lookup'],
  // added_by: the actor who took the person in; null where they registered themselves. role_revision: of the person's stream.
  added: ['added_by jsonb', 'role_revision bigint not null default 0'],
  indexes: [{ name: 'credentials_by_person', on: '(tenant_id, person_id)', isUnique: true }],
});

export class PersonIdTaken extends defineError('IDENTITY_PERSON_ID_TAKEN', 'conflict', 'This person has another e-mail address.', 'Choose another id or idempotency key, or none: one is made for you.') {}

/** Postgres: a unique index refuses it. */
const UNIQUE_VIOLATION = '23505';

export interface Credential {
  readonly tenantId: string;
  readonly personId: string;
  readonly role: PersonRole;
  readonly tenantSlug: string | null;
  /** PHC string. */
  readonly passwordHash: string;
  /** The command whose fact registers the person: who finishes what another began uses the same, so there is one fact. */
  readonly commandId: string;
  /** Who took the person into their tenant; null when the person opened an account with a tenant of their own. */
  readonly addedBy: Actor | null;
  /** `reserved`: the address is theirs, but the fact may be missing: whoever began was stopped. */
  readonly status: 'reserved' | 'registered';
}

const COLUMNS = `tenant_id as "tenantId", person_id as "personId", role, tenant_slug as "tenantSlug",
  password_hash as "passwordHash", command_id as "commandId", added_by as "addedBy", status`;

@Injectable()
export class Credentials {
  constructor(private readonly databases: Databases, private readonly secrets: IdentitySecrets) {}

  /** @param email in lower case */
  async find(email: string): Promise<Credential | undefined> {
    const { rows } = await this.databases.writer.query<Credential>(`select ${COLUMNS} from identity.credentials where email_lookup = $1`, [this.lookup(email)]);
    return rows[0];
  }

  /** Gives the address to one person. @returns whose it is: of several that ask at once, the first. @throws PersonIdTaken */
  async reserve(email: string, wanted: Omit<Credential, 'status'>): Promise<Credential> {
    const { tenantId, personId, role, tenantSlug, passwordHash, commandId, addedBy } = wanted;
    const insert = `insert into identity.credentials (email_lookup, tenant_id, person_id, role, tenant_slug, password_hash, command_id, added_by, status)
      values ($1, $2, $3, $4, $5, $6, $7, $8, 'reserved') on conflict (email_lookup) do nothing returning ${COLUMNS}`;
    const values = [this.lookup(email), tenantId, personId, role, tenantSlug, passwordHash, commandId, addedBy && JSON.stringify(addedBy)];
    const { rows } = await this.databases.writer.query<Credential>(insert, values).catch(refusing);
    const credential = rows[0] ?? (await this.find(email));
    if (!credential) throw new Error('identity.credentials: a row that was there is gone');
    return credential;
  }

  /** The fact is in the log. */
  async settle(email: string): Promise<void> {
    await this.databases.writer.query("update identity.credentials set status = 'registered' where email_lookup = $1", [this.lookup(email)]);
  }

  /**
   * What the person may do from now on, at the next sign-in and in the sessions that there are.
   *
   * @param revision of the person's stream: what an older fact says changes nothing any more
   */
  async giveRole(tenantId: string, personId: string, role: PersonRole, revision: bigint): Promise<void> {
    const update = `with changed as (
        update identity.credentials set role = $3, role_revision = $4 where tenant_id = $1 and person_id = $2 and role_revision < $4 returning 1)
      update identity.refresh_tokens set role = $3 where tenant_id = $1 and person_id = $2 and exists (select from changed)`;
    await this.databases.writer.query(update, [tenantId, personId, role, revision]);
  }

  /** Keeps a stronger hash of the same password, unless the password was changed meanwhile. */
  async rehash(email: string, from: string, to: string): Promise<void> {
    await this.databases.writer.query('update identity.credentials set password_hash = $3 where email_lookup = $1 and password_hash = $2', [this.lookup(email), from, to]);
  }

  /** Nobody signs in as the person any more; the address is free again. */
  async remove(tenantId: string, personId: string): Promise<void> {
    await this.databases.writer.query('delete from identity.credentials where tenant_id = $1 and person_id = $2', [tenantId, personId]);
  }

  /** A plain hash would tell the address to whoever can guess it; this one only with our key. */
  private lookup(email: string): Buffer {
    return createHmac('sha256', this.secrets.emailLookup).update(email).digest();
  }
}

function refusing(error: unknown): never {
  if (error instanceof DatabaseError && error.code === UNIQUE_VIOLATION) throw new PersonIdTaken();
  throw error;
}
