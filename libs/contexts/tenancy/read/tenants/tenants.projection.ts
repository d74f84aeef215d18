import { defineProjection } from '@parley/kernel/projection.js';
import type { EventOf } from '@parley/kernel/event.js';
import { TenantRow } from '@parley/platform/read-model/tenant-row.js';
import { Column, Entity } from 'typeorm';
import { TenantCreated } from '../../domain/tenant.events.js';

/** One row a tenant: its own. */
@Entity({ schema: 'tenancy', name: 'tenants' })
export class TenantsRow extends TenantRow {
  @Column('text') slug: string;
  @Column('text') kind: string;
  @Column('timestamptz') createdAt: Date;
}

export const tenants = defineProjection<TenantsRow, never, EventOf<typeof TenantCreated>>({
  name: 'tenancy.tenants',
  version: 1,
  row: TenantsRow,
  events: { TenantCreated },
  on: {
    TenantCreated: {
      key: () => ({}), // the tenant alone
      evolve: (_, { data: { slug, kind, createdAt } }) => ({ slug, kind, createdAt: new Date(createdAt) }),
    },
  },
});
