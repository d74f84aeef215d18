import { defineProjection } from '@parley/kernel/projection.js';
import { TenantRow } from '@parley/platform/read-model/tenant-row.js';
import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { PersonAdded, type PersonEvent, PersonRegistered, PersonRoleChanged } from '../../domain/person.events.js';

/** One row for each person of a tenant: who they are and what they may do. */
@Entity({ schema: 'identity', name: 'people' })
@Index(['tenantId', 'registeredAt', 'personId'])
export class PersonRow extends TenantRow {
  @PrimaryColumn('uuid') personId: string;
  /** Sealed. */
  @Column('text') email: string;
  /** Sealed; null where nobody said it. */
  @Column('text', { nullable: true }) name: string | null;
  @Column('text') role: string;
  /** Or was added. */
  @Column('timestamptz') registeredAt: Date;
}

const key = ({ data }: { data: { personId: string } }) => ({ personId: data.personId });

export const people = defineProjection<PersonRow, 'personId', PersonEvent>({
  name: 'identity.people',
  version: 2,
  row: PersonRow,
  personal: ['email', 'name'],
  events: { PersonRegistered, PersonAdded, PersonRoleChanged },
  on: {
    PersonRegistered: {
      key,
      evolve: (_, { data: { email, role, registeredAt } }) => ({ email, name: null, role, registeredAt: new Date(registeredAt) }),
    },
    PersonAdded: { key, evolve: (_, { data: { email, name, role, addedAt } }) => ({ email, name, role, registeredAt: new Date(addedAt) }) },
    PersonRoleChanged: { key, evolve: (row, { data: { role } }) => row && { ...row, role } },
  },
});
