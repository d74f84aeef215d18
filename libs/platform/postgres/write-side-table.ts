import { createSchema, type SchemaPart, WRITER } from './schema.js';

export interface WriteSideIndex {
  /** Unique within the schema, e.g. `leases_by_expiry`. It is never changed under its name. */
  readonly name: string;
  /** What follows the table, e.g. `(tenant_id, expires_at) where status = 'held'`. */
  readonly on: string;
  readonly isUnique?: boolean;
}

export interface WriteSideTable {
  /** `<context>.<things>`, e.g. `identity.credentials`. */
  readonly name: string;
  /** SQL of the columns, without `tenant_id` where `tenant` says so: `email_lookup bytea not null, person_id uuid not null`. */
  readonly columns: string;
  /** Without `tenant_id`, which comes first by itself. */
  readonly primaryKey: readonly string[];
  /** True: rows belong to tenants; the helper puts `tenant_id` first, in the columns and in the key. False: what is found before the tenant is known. */
  readonly tenant: boolean;
  readonly indexes?: readonly WriteSideIndex[];
  /** Columns that came after the table: nullable, or with a default. Tables that are there already get them, too. */
  readonly added?: readonly string[];
}

/**
 * Declares a table of the command side: what may not stand in an immutable log (hashes, leases, reservations). Only the writer may
 * touch it, and row-level security says so a second time: the app's role sees no row even if someone granted it the table.
 */
export function writeSideTable({ name, columns, primaryKey, tenant, indexes = [], added = [] }: WriteSideTable): SchemaPart {
  const key = tenant ? ['tenant_id', ...primaryKey] : primaryKey;
  const ddl = `
${createSchema(name.split('.')[0]!)}
create table if not exists ${name} (${tenant ? 'tenant_id uuid not null, ' : ''}${columns}, primary key (${key.join(', ')}));
${added.map((column) => `alter table ${name} add column if not exists ${column};`).join('\n')}
${indexes.map(({ name: index, on, isUnique }) => `create ${isUnique ? 'unique ' : ''}index if not exists ${index} on ${name} ${on};`).join('\n')}
${onlyFor(name, WRITER, 'select, insert, update, delete')}`;
  return { name, ddl };
}

/** DDL that leaves a table to one role, by grants and by row-level security that binds its owner too. */
export const onlyFor = (table: string, role: string, rights: string) => `
alter table ${table} enable row level security, force row level security;
drop policy if exists only_for on ${table};
create policy only_for on ${table} to ${role} using (true) with check (true);
revoke all on ${table} from public;
grant ${rights} on ${table} to ${role};`;
