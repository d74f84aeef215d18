import { TenantRow } from '@parley/platform/read-model/tenant-row.js';
import { Column, Entity, PrimaryColumn } from 'typeorm';

/** One row for a day (UTC), a person and an agent: what the person did there that day. Whoever has a row was active. */
@Entity({ schema: 'usage', name: 'activity' })
export class ActivityRow extends TenantRow {
  @PrimaryColumn('date') day: string;
  @PrimaryColumn('uuid') personId: string;
  @PrimaryColumn('uuid') agentId: string;
  @Column('int') conversations: number;
  @Column('int') messages: number;
  @Column('int') regenerations: number;
}
