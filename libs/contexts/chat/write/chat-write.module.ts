import { handlersFor } from '@parley/platform/cqrs/handlers-for.js';
import type { SchemaPart } from '@parley/platform/postgres/schema.js';
import { Module } from '@nestjs/common';
import { conversation } from '../domain/conversation.js';
import { AgentStatuses } from './agent-statuses.js';
import { ImportConversationHandler, RegenerateReplyHandler, SendMessageHandler, StartConversationHandler } from './to-agent.handlers.js';

/** Those that ask for the agent first have handlers of their own. */
const derived = handlersFor(conversation, { except: ['StartConversation', 'SendMessage', 'RegenerateReply', 'ImportConversation'] });

/** Runs where commands are decided. */
@Module({ providers: [AgentStatuses, StartConversationHandler, SendMessageHandler, RegenerateReplyHandler, ImportConversationHandler, ...derived] })
export class ChatWriteModule {
  /** Chat keeps nothing outside the log. */
  static readonly tables: readonly SchemaPart[] = [];
}
