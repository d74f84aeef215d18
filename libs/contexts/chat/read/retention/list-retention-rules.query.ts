import { TenantReads } from '@parley/platform/read-model/tenant-reads.js';
import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import { RetentionRuleRow } from './retention-rules.projection.js';

/** The tenant's rules of retention. */
export class ListRetentionRules extends Query<RetentionRuleRow[]> {
  constructor(readonly tenantId: string) {
    super();
  }
}

@QueryHandler(ListRetentionRules)
export class ListRetentionRulesHandler implements IQueryHandler<ListRetentionRules> {
  constructor(private readonly reads: TenantReads) {}

  execute({ tenantId }: ListRetentionRules): Promise<RetentionRuleRow[]> {
    return this.reads.in(tenantId, (manager) => manager.find(RetentionRuleRow, { where: { tenantId }, order: { kind: 'ASC' } }));
  }
}
