import type { TenantKeyed } from '@parley/kernel/projection.js';
import type { Summed } from '@parley/kernel/rollup.js';
import { Column, PrimaryColumn } from 'typeorm';

/** What the entity of every read model extends: its rows belong to tenants, and its key begins with theirs. */
export abstract class TenantRow implements TenantKeyed {
  @PrimaryColumn('uuid')
  tenantId: string;
}

/** What the entity of every rollup extends. */
export abstract class SummedRow extends TenantRow implements Summed {
  /** How many rows of the table are in it. */
  @Column('bigint')
  rows: bigint;
}
