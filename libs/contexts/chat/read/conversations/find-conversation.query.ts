import { TenantReads } from '@parley/platform/read-model/tenant-reads.js';
import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import { CONVERSATION_CATEGORY } from '../../domain/conversation.events.js';
import { type ConversationRow, conversations } from './conversations.projection.js';
import { ownConversation } from './own-conversation.js';

/** A conversation of the person; undefined when there is none, or it is another's, or deleted. */
export class FindConversation extends Query<ConversationRow | undefined> {
  constructor(readonly tenantId: string, readonly personId: string, readonly conversationId: string) {
    super();
  }
}

@QueryHandler(FindConversation)
export class FindConversationHandler implements IQueryHandler<FindConversation> {
  constructor(private readonly reads: TenantReads) {}

  async execute({ tenantId, personId, conversationId }: FindConversation) {
    const stream = { category: CONVERSATION_CATEGORY, id: conversationId };
    const row = await this.reads.in(tenantId, (manager) => ownConversation(manager, tenantId, personId, conversationId), stream);
    return row ? (await this.reads.open(conversations, [row]))[0] : undefined;
  }
}
