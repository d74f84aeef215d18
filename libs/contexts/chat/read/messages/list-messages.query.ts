import type { Page } from '@parley/platform/graphql-kit/connection.js';
import { type Keyset, rowsOf, takePage } from '@parley/platform/read-model/keyset.js';
import { TenantReads } from '@parley/platform/read-model/tenant-reads.js';
import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import { In } from 'typeorm';
import { CONVERSATION_CATEGORY } from '../../domain/conversation.events.js';
import { ownConversation } from '../conversations/own-conversation.js';
import { replies, ReplyRow } from '../replies/replies.projection.js';
import { MessageRow, messages } from './messages.projection.js';

/** As they were said. */
export const messageOrder: Keyset = { by: [['revision', 'bigint']], order: 'ASC' };

export interface MessageWithReplies extends MessageRow {
  /** In the order they were asked for: the last one counts. */
  readonly replies: readonly ReplyRow[];
}

/** What is needed of each message; by default everything. */
export interface MessageParts {
  readonly columns: readonly string[];
  readonly replies: boolean;
}

/** A page of what was said in the person's conversation; undefined when there is none, or it is another's, or deleted. */
export class ListMessages extends Query<MessageWithReplies[] | undefined> {
  constructor(readonly tenantId: string, readonly personId: string, readonly conversationId: string, readonly page: Page, readonly parts?: MessageParts) {
    super();
  }
}

@QueryHandler(ListMessages)
export class ListMessagesHandler implements IQueryHandler<ListMessages> {
  constructor(private readonly reads: TenantReads) {}

  async execute({ tenantId, personId, conversationId, page, parts }: ListMessages) {
    const found = await this.reads.in(tenantId, async (manager) => {
      if (!(await ownConversation(manager, tenantId, personId, conversationId))) return undefined;
      const all = manager
        .createQueryBuilder(MessageRow, 'message')
        .where('message.tenantId = :tenantId and message.conversationId = :conversationId', { tenantId, conversationId });
      const said = await rowsOf(takePage(all, messageOrder, page), messageOrder, parts && ['messageId', ...parts.columns]);
      if (parts && !parts.replies) return { said, answers: [] };
      const messageId = In(said.map((message) => message.messageId));
      return { said, answers: await manager.find(ReplyRow, { where: { tenantId, conversationId, messageId }, order: { revision: 'ASC' } }) };
    }, { category: CONVERSATION_CATEGORY, id: conversationId });
    if (!found) return undefined;
    const [said, answers] = await Promise.all([this.reads.open(messages, found.said), this.reads.open(replies, found.answers)]);
    const byMessage = Map.groupBy(answers, ({ messageId }) => messageId);
    return said.map((message) => ({ ...message, replies: byMessage.get(message.messageId) ?? [] }));
  }
}
