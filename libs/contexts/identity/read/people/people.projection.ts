import { defineProjection } from '@parley/kernel/projection.js';
import { TenantRow } from '@parley/platform/read-model/tenant-row.js';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import { type PersonEvent, PersonRegistered } from '../../domain/person.events.js';

/** One row for each person: what they see of themselves. */
@Entity({ schema: 'identity', name: 'people' })
export class PersonRow extends TenantRow {
  @PrimaryColumn('uuid') personId: string;
  /** Sealed. */
  @Column('text') email: string;
  @Column('text') role: string;
  @Column('timestamptz') registeredAt: Date;
}

export const people = defineProjection<PersonRow, 'personId', PersonEvent>({
  name: 'identity.people',
  version: 1,
  row: PersonRow,
  personal: ['email'],
  events: { PersonRegistered },
  on: {
    PersonRegistered: {
      key: ({ data }) => ({ personId: data.personId }),
      evolve: (_, { data: { email, role, registeredAt } }) => ({ email, role, registeredAt: new Date(registeredAt) }),
    },
  },
});
