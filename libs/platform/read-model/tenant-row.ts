import type { TenantKeyed } from '@parley/kernel/projection.js';
import { PrimaryColumn } from 'typeorm';

/** What the entity of every read model extends: its rows belong to tenants, and its key begins with theirs. */
export abstract class TenantRow implements TenantKeyed {
  @PrimaryColumn('uuid')
  tenantId: string;
}
