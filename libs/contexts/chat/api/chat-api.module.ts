import { Clock, SystemClock } from '@parley/platform/clock/clock.js';
import { AuditedTenants } from '@parley/platform/graphql-kit/audited-tenants.js';
import { FactNewsModule } from '@parley/platform/event-log/fact-news.js';
import { Module } from '@nestjs/common';
import { ConversationResolver } from './conversation.resolver.js';
import { ErasedReplies } from './erased-replies.js';
import { InterchangeController } from './interchange/interchange.controller.js';
import { OwnConversations } from './interchange/own-conversations.js';
import { LineageResolver } from './lineage.resolver.js';
import { MessageResolver } from './message.resolver.js';
import { ReplyNews } from './reply-news.js';
import { ReplyStreamResolver } from './reply-stream.resolver.js';
import { ReplyStreams } from './reply-streams.js';
import { RetentionResolver } from './retention.resolver.js';

/** Runs where GraphQL is answered. */
@Module({
  imports: [FactNewsModule],
  controllers: [InterchangeController],
  providers: [
    { provide: Clock, useClass: SystemClock },
    ConversationResolver, MessageResolver, LineageResolver, ReplyStreamResolver, RetentionResolver,
    ReplyStreams, ReplyNews, ErasedReplies, OwnConversations, AuditedTenants,
  ],
})
export class ChatApiModule {}
