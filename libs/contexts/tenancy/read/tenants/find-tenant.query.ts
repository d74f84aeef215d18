import { TenantReads } from '@parley/platform/read-model/tenant-reads.js';
import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import { TenantsRow } from './tenants.projection.js';

/** The tenant itself; undefined until the read model has it. */
export class FindTenant extends Query<TenantsRow | undefined> {
  constructor(readonly tenantId: string) {
    super();
  }
}

@QueryHandler(FindTenant)
export class FindTenantHandler implements IQueryHandler<FindTenant> {
  constructor(private readonly reads: TenantReads) {}

  async execute({ tenantId }: FindTenant): Promise<TenantsRow | undefined> {
    return (await this.reads.in(tenantId, (manager) => manager.findOneBy(TenantsRow, { tenantId }))) ?? undefined;
  }
}
