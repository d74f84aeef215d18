import { ConnectionArgs } from '@parley/platform/graphql-kit/connection.js';
import { connectionOf, type Keyset, pageOf } from '@parley/platform/read-model/keyset.js';
import { Injectable } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import type { ConversationRow } from '../../read/conversations/conversations.projection.js';
import { conversationOrder, ListConversations } from '../../read/conversations/list-conversations.query.js';
import { ListMessages, messageOrder, type MessageWithReplies } from '../../read/messages/list-messages.query.js';

const PAGE = 100;

/** A conversation with all that was said in it, page by page. */
export interface OwnConversation {
  readonly conversation: ConversationRow;
  readonly messages: () => AsyncGenerator<MessageWithReplies, void>;
}

/** All that a person said and was answered, as they see it: one page is in memory, however much there is. */
@Injectable()
export class OwnConversations {
  constructor(private readonly queries: QueryBus) {}

  async *of(tenantId: string, personId: string): AsyncGenerator<OwnConversation, void> {
    const all = pages(conversationOrder, (page) => this.queries.execute(new ListConversations(tenantId, personId, page)));
    for await (const conversation of all) yield { conversation, messages: () => this.messages(tenantId, personId, conversation.conversationId) };
  }

  private messages(tenantId: string, personId: string, conversationId: string): AsyncGenerator<MessageWithReplies, void> {
    return pages(messageOrder, async (page) => (await this.queries.execute(new ListMessages(tenantId, personId, conversationId, page))) ?? []);
  }
}

/** All rows of a list. What is added meanwhile may be among them or not. */
async function* pages<Row extends object>(order: Keyset, ask: (page: ReturnType<typeof pageOf>) => Promise<Row[]>): AsyncGenerator<Row, void> {
  for (let after: string | null = null; ; ) {
    const args: ConnectionArgs = Object.assign(new ConnectionArgs(), { first: PAGE, after });
    const { nodes, pageInfo } = connectionOf(order, args, await ask(pageOf(order, args)), (row) => row);
    yield* nodes;
    if (!pageInfo.hasNextPage) return;
    after = pageInfo.endCursor;
  }
}
