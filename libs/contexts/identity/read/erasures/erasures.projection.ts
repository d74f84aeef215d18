import { defineProjection } from '@parley/kernel/projection.js';
import { TenantRow } from '@parley/platform/read-model/tenant-row.js';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import { type ErasureEvent, ErasureRequested, PersonErased } from '../../domain/erasure.events.js';

/** One row for each person whose erasure was asked for: by whom, when it was done, and the proof. */
@Entity({ schema: 'identity', name: 'erasures' })
export class ErasureRow extends TenantRow {
  @PrimaryColumn('uuid') personId: string;
  @Column('text') requestedBy: string;
  @Column('timestamptz') requestedAt: Date;
  /** Null while it is under way. */
  @Column('timestamptz', { nullable: true }) erasedAt: Date | null;
  /** How many facts the person's key had sealed. */
  @Column('int', { nullable: true }) sealedFacts: number | null;
  /** SHA-256 over them, hexadecimal. */
  @Column('text', { nullable: true }) digest: string | null;
}

const key = ({ data }: { data: { personId: string } }) => ({ personId: data.personId });

export const erasures = defineProjection<ErasureRow, 'personId', ErasureEvent>({
  name: 'identity.erasures',
  version: 1,
  row: ErasureRow,
  events: { ErasureRequested, PersonErased },
  on: {
    ErasureRequested: {
      key,
      evolve: (_, { data: { requestedBy, requestedAt } }) => ({ requestedBy, requestedAt: new Date(requestedAt), erasedAt: null, sealedFacts: null, digest: null }),
    },
    PersonErased: {
      key,
      evolve: (row, { data: { erasedAt, sealed } }) => row && { ...row, erasedAt: new Date(erasedAt), sealedFacts: sealed.count, digest: sealed.digest },
    },
  },
});
