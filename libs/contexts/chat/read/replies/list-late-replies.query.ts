import { TenantReads } from '@parley/platform/read-model/tenant-reads.js';
import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import { Brackets } from 'typeorm';
import { ReplyRow } from './replies.projection.js';

/** The ids of a person's replies that are being made, or were settled since: those whose chunks somebody may still hold. */
export class ListLateReplies extends Query<string[]> {
  constructor(readonly tenantId: string, readonly personId: string, readonly since: Date) {
    super();
  }
}

@QueryHandler(ListLateReplies)
export class ListLateRepliesHandler implements IQueryHandler<ListLateReplies> {
  constructor(private readonly reads: TenantReads) {}

  async execute({ tenantId, personId, since }: ListLateReplies): Promise<string[]> {
    const rows = await this.reads.in(tenantId, (manager) =>
      manager
        .createQueryBuilder(ReplyRow, 'reply')
        .select(['reply.tenantId', 'reply.replyId'])
        .where('reply.tenantId = :tenantId and reply.personId = :personId', { tenantId, personId })
        .andWhere(new Brackets((late) => late.where("reply.status = 'pending'").orWhere('reply.settledAt > :since', { since })))
        .getMany(),
    );
    return rows.map(({ replyId }) => replyId);
  }
}
