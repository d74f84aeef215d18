import type { Page } from '@parley/platform/graphql-kit/connection.js';
import { type Keyset, rowsOf, takePage } from '@parley/platform/read-model/keyset.js';
import { TenantReads } from '@parley/platform/read-model/tenant-reads.js';
import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import { UsageRow } from './replies.projection.js';
import { personSeenBy, type UsageViewer } from './usage-viewer.js';

/** Latest first. */
export const usageOrder: Keyset = { by: [['startedAt', 'timestamptz'], ['replyId', 'uuid']], order: 'DESC' };

/** A page of what replies consumed, as far as the viewer may see. */
export class ListReplyUsage extends Query<UsageRow[]> {
  /** @param columns those that are needed; by default all */
  constructor(readonly viewer: UsageViewer, readonly page: Page, readonly columns?: readonly string[]) {
    super();
  }
}

@QueryHandler(ListReplyUsage)
export class ListReplyUsageHandler implements IQueryHandler<ListReplyUsage> {
  constructor(private readonly reads: TenantReads) {}

  execute({ viewer, page, columns }: ListReplyUsage) {
    const personId = personSeenBy(viewer);
    return this.reads.in(viewer.tenantId, async (manager) => {
      const rows = manager.createQueryBuilder(UsageRow, 'usage').where('usage.tenantId = :tenantId', { tenantId: viewer.tenantId });
      if (personId) rows.andWhere('usage.personId = :personId', { personId });
      return rowsOf(takePage(rows, usageOrder, page), usageOrder, columns);
    });
  }
}
