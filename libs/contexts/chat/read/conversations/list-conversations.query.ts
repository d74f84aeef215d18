import type { Page } from '@parley/platform/graphql-kit/connection.js';
import { type Keyset, rowsOf, takePage } from '@parley/platform/read-model/keyset.js';
import { TenantReads } from '@parley/platform/read-model/tenant-reads.js';
import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import { ConversationRow, conversations } from './conversations.projection.js';

/** The one that the person spoke in last comes first. */
export const conversationOrder: Keyset = { by: [['lastMessageAt', 'timestamptz'], ['conversationId', 'uuid']], order: 'DESC' };

/** A page of the person's conversations, with the columns that are needed; by default all. */
export class ListConversations extends Query<ConversationRow[]> {
  constructor(readonly tenantId: string, readonly personId: string, readonly page: Page, readonly columns?: readonly string[]) {
    super();
  }
}

@QueryHandler(ListConversations)
export class ListConversationsHandler implements IQueryHandler<ListConversations> {
  constructor(private readonly reads: TenantReads) {}

  async execute({ tenantId, personId, page, columns }: ListConversations) {
    const rows = await this.reads.in(tenantId, (manager) => {
      const own = manager
        .createQueryBuilder(ConversationRow, 'conversation')
        .where('conversation.tenantId = :tenantId and conversation.startedBy = :personId', { tenantId, personId });
      return rowsOf(takePage(own, conversationOrder, page), conversationOrder, columns);
    });
    return this.reads.open(conversations, rows);
  }
}
