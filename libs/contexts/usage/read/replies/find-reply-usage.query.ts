import { GENERATION_CATEGORY } from '@parley/inference/contract.js';
import { TenantReads } from '@parley/platform/read-model/tenant-reads.js';
import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import { UsageRow } from './replies.projection.js';
import { personSeenBy, type UsageViewer } from './usage-viewer.js';

/** What one reply consumed; undefined when there is none, or it is not for this viewer to see. */
export class FindReplyUsage extends Query<UsageRow | undefined> {
  constructor(readonly viewer: UsageViewer, readonly replyId: string) {
    super();
  }
}

@QueryHandler(FindReplyUsage)
export class FindReplyUsageHandler implements IQueryHandler<FindReplyUsage> {
  constructor(private readonly reads: TenantReads) {}

  execute({ viewer, replyId }: FindReplyUsage) {
    const personId = personSeenBy(viewer);
    const { tenantId } = viewer;
    const stream = { category: GENERATION_CATEGORY, id: replyId };
    return this.reads.in(tenantId, async (manager) => (await manager.findOneBy(UsageRow, { tenantId, replyId, ...(personId && { personId }) })) ?? undefined, stream);
  }
}
