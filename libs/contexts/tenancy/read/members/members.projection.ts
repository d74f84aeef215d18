import { defineProjection } from '@parley/kernel/projection.js';
import type { EventOf } from '@parley/kernel/event.js';
import { TenantRow } from '@parley/platform/read-model/tenant-row.js';
import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { MemberJoined, MemberRoleChanged } from '../../domain/tenant.events.js';

/** One row for each member of a tenant, and what they may do. */
@Entity({ schema: 'tenancy', name: 'members' })
@Index(['tenantId', 'joinedAt', 'personId'])
export class MemberRow extends TenantRow {
  @PrimaryColumn('uuid') personId: string;
  @Column('text') role: string;
  @Column('timestamptz') joinedAt: Date;
}

export const members = defineProjection<MemberRow, 'personId', EventOf<typeof MemberJoined | typeof MemberRoleChanged>>({
  name: 'tenancy.members',
  version: 2,
  row: MemberRow,
  events: { MemberJoined, MemberRoleChanged },
  on: {
    MemberJoined: {
      key: ({ data }) => ({ personId: data.personId }),
      evolve: (_, { data: { role, joinedAt } }) => ({ role, joinedAt: new Date(joinedAt) }),
    },
    MemberRoleChanged: { key: ({ data }) => ({ personId: data.personId }), evolve: (row, { data: { role } }) => row && { ...row, role } },
  },
});
