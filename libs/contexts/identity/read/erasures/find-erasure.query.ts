import { TenantReads } from '@parley/platform/read-model/tenant-reads.js';
import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import { ErasureRow } from './erasures.projection.js';

/** What is known of a person's erasure; undefined where none was asked for. */
export class FindErasure extends Query<ErasureRow | undefined> {
  constructor(readonly tenantId: string, readonly personId: string) {
    super();
  }
}

@QueryHandler(FindErasure)
export class FindErasureHandler implements IQueryHandler<FindErasure> {
  constructor(private readonly reads: TenantReads) {}

  async execute({ tenantId, personId }: FindErasure): Promise<ErasureRow | undefined> {
    return (await this.reads.in(tenantId, (manager) => manager.findOneBy(ErasureRow, { tenantId, personId }))) ?? undefined;
  }
}
