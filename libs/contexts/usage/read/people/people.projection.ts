import type { EventOf } from '@parley/kernel/event.js';
import { defineProjection } from '@parley/kernel/projection.js';
import { TenantRow } from '@parley/platform/read-model/tenant-row.js';
import { MemberJoined } from '@parley/tenancy/contract.js';
import { Column, Entity, PrimaryColumn } from 'typeorm';

/** One row for each person of a tenant: since when. Nothing of who they are. */
@Entity({ schema: 'usage', name: 'people' })
export class UsagePersonRow extends TenantRow {
  @PrimaryColumn('uuid') personId: string;
  @Column('timestamptz') joinedAt: Date;
  /** In UTC. */
  @Column('date') joinedDay: string;
}

export const usagePeople = defineProjection<UsagePersonRow, 'personId', EventOf<typeof MemberJoined>>({
  name: 'usage.people',
  version: 1,
  row: UsagePersonRow,
  events: { MemberJoined },
  on: {
    MemberJoined: {
      key: ({ data }) => ({ personId: data.personId }),
      // Whoever joins once more has been there since the first time.
      evolve: (row, { data: { joinedAt } }) => row ?? { joinedAt: new Date(joinedAt), joinedDay: joinedAt.slice(0, 10) },
    },
  },
});
