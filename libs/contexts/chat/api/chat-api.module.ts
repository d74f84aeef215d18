import { Module } from '@nestjs/common';
import { ConversationResolver } from './conversation.resolver.js';
import { MessageResolver } from './message.resolver.js';

/** Runs where GraphQL is answered. */
@Module({ providers: [ConversationResolver, MessageResolver] })
export class ChatApiModule {}
