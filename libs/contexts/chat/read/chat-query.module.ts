import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { chatProjections } from './chat-projections.js';
import { FindConversationHandler } from './conversations/find-conversation.query.js';
import { ListIdleConversationsHandler } from './conversations/list-idle-conversations.query.js';
import { ListConversationsHandler } from './conversations/list-conversations.query.js';
import { ListMessagesHandler } from './messages/list-messages.query.js';
import { FindLineageHandler } from './lineage/find-lineage.query.js';
import { FindReplyHandler } from './replies/find-reply.query.js';
import { ListLateRepliesHandler } from './replies/list-late-replies.query.js';
import { ListRetentionRulesHandler } from './retention/list-retention-rules.query.js';

/** Runs where queries are answered. */
@Module({
  imports: [TypeOrmModule.forFeature(chatProjections.map(({ row }) => row))],
  providers: [
    FindConversationHandler, ListConversationsHandler, ListIdleConversationsHandler, ListMessagesHandler,
    FindReplyHandler, FindLineageHandler, ListLateRepliesHandler, ListRetentionRulesHandler,
  ],
})
export class ChatQueryModule {}
