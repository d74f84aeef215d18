import { TenantReads } from '@parley/platform/read-model/tenant-reads.js';
import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import { ConversationRow } from './conversations.projection.js';

/** Ids of the tenant's conversations in which nobody has spoken since, in the order of their ids after one. Whoever acts on it asks the conversation itself. */
export class ListIdleConversations extends Query<string[]> {
  constructor(readonly tenantId: string, readonly idleSince: Date, readonly after: string | undefined, readonly limit: number) {
    super();
  }
}

@QueryHandler(ListIdleConversations)
export class ListIdleConversationsHandler implements IQueryHandler<ListIdleConversations> {
  constructor(private readonly reads: TenantReads) {}

  async execute({ tenantId, idleSince, after, limit }: ListIdleConversations): Promise<string[]> {
    const rows = await this.reads.in(tenantId, (manager) => {
      const idle = manager
        .createQueryBuilder(ConversationRow, 'conversation')
        .select(['conversation.tenantId', 'conversation.conversationId'])
        .where('conversation.tenantId = :tenantId and conversation.lastMessageAt <= :idleSince', { tenantId, idleSince });
      if (after) idle.andWhere('conversation.conversationId > :after', { after });
      return idle.orderBy('conversation.conversationId').limit(limit).getMany();
    });
    return rows.map(({ conversationId }) => conversationId);
  }
}
