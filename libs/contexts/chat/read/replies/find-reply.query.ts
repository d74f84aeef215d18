import { TenantReads } from '@parley/platform/read-model/tenant-reads.js';
import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import { ownConversation } from '../conversations/own-conversation.js';
import { replies, ReplyRow } from './replies.projection.js';

/** A reply to the person; undefined when there is none, or it is another's, or its conversation is deleted. */
export class FindReply extends Query<ReplyRow | undefined> {
  constructor(readonly tenantId: string, readonly personId: string, readonly replyId: string) {
    super();
  }
}

@QueryHandler(FindReply)
export class FindReplyHandler implements IQueryHandler<FindReply> {
  constructor(private readonly reads: TenantReads) {}

  async execute({ tenantId, personId, replyId }: FindReply) {
    const row = await this.reads.in(tenantId, async (manager) => {
      const reply = await manager.findOneBy(ReplyRow, { tenantId, replyId, personId });
      return reply && (await ownConversation(manager, tenantId, personId, reply.conversationId)) ? reply : undefined;
    });
    return row ? (await this.reads.open(replies, [row]))[0] : undefined;
  }
}
