import { defineError } from '@parley/kernel/domain-error.js';
import { Databases } from '@parley/platform/postgres/databases.js';
import { writeSideTable } from '@parley/platform/postgres/write-side-table.js';
import { Injectable } from '@nestjs/common';

/** Which tenant has which name. A name is unique in the whole house, so it alone is the key. */
export const slugsTable = writeSideTable({
  name: 'tenancy.slugs',
  tenant: false,
  columns: 'slug text not null, tenant_id uuid not null, reserved_at timestamptz not null default now()',
  primaryKey: ['slug'],
});

export class SlugTaken extends defineError('TENANCY_SLUG_TAKEN', 'conflict', 'Another tenant has this name.', 'Choose another name.') {}

@Injectable()
export class Slugs {
  constructor(private readonly databases: Databases) {}

  /** Gives the name to the tenant, if it is free or theirs. @throws SlugTaken */
  async reserve(slug: string, tenantId: string): Promise<void> {
    const insert = 'insert into tenancy.slugs (slug, tenant_id) values ($1, $2) on conflict (slug) do nothing';
    await this.databases.writer.query(insert, [slug, tenantId]);
    const owner = 'select tenant_id as "tenantId" from tenancy.slugs where slug = $1';
    const { rows } = await this.databases.writer.query<{ tenantId: string }>(owner, [slug]);
    if (rows[0]?.tenantId !== tenantId) throw new SlugTaken({ slug });
  }
}
