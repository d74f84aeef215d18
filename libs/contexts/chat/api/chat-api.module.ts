import { Clock, SystemClock } from '@parley/platform/clock/clock.js';
import { Module } from '@nestjs/common';
import { ConversationResolver } from './conversation.resolver.js';
import { ErasedReplies } from './erased-replies.js';
import { LineageResolver } from './lineage.resolver.js';
import { MessageResolver } from './message.resolver.js';
import { ReplyNews } from './reply-news.js';
import { ReplyStreamResolver } from './reply-stream.resolver.js';
import { ReplyStreams } from './reply-streams.js';

/** Runs where GraphQL is answered. */
@Module({ providers: [{ provide: Clock, useClass: SystemClock }, ConversationResolver, MessageResolver, LineageResolver, ReplyStreamResolver, ReplyStreams, ReplyNews, ErasedReplies] })
export class ChatApiModule {}
