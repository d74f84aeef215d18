import { Module } from '@nestjs/common';
import { ConversationResolver } from './conversation.resolver.js';
import { MessageResolver } from './message.resolver.js';
import { ReplyNews } from './reply-news.js';
import { ReplyStreamResolver } from './reply-stream.resolver.js';
import { ReplyStreams } from './reply-streams.js';

/** Runs where GraphQL is answered. */
@Module({ providers: [ConversationResolver, MessageResolver, ReplyStreamResolver, ReplyStreams, ReplyNews] })
export class ChatApiModule {}
