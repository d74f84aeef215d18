import { defineProjection } from '@parley/kernel/projection.js';
import { TenantRow } from '@parley/platform/read-model/tenant-row.js';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import { RetentionApplied, type RetentionEvent, RetentionRuleSet } from '../../domain/retention.events.js';

/** One row for each kind of thing that a tenant does not keep for ever: after how many days it goes, and when that last happened. */
@Entity({ schema: 'chat', name: 'retention_rules' })
export class RetentionRuleRow extends TenantRow {
  @PrimaryColumn('text') kind: string;
  @Column('int') afterDays: number;
  @Column('timestamptz') setAt: Date;
  /** When something was last hidden by it. */
  @Column('timestamptz', { nullable: true }) lastAppliedAt: Date | null;
  /** How many things it has hidden altogether. */
  @Column('int') hidden: number;
}

const key = ({ data }: { data: { kind: string } }) => ({ kind: data.kind });

export const retentionRules = defineProjection<RetentionRuleRow, 'kind', RetentionEvent>({
  name: 'chat.retention_rules',
  version: 1,
  row: RetentionRuleRow,
  events: { RetentionRuleSet, RetentionApplied },
  on: {
    RetentionRuleSet: {
      key,
      evolve: (row, { data: { afterDays, setAt } }) =>
        afterDays === null ? undefined : { afterDays, setAt: new Date(setAt), lastAppliedAt: row?.lastAppliedAt ?? null, hidden: row?.hidden ?? 0 },
    },
    RetentionApplied: { key, evolve: (row, { data }) => row && { ...row, lastAppliedAt: new Date(data.appliedAt), hidden: row.hidden + data.hidden } },
  },
});
