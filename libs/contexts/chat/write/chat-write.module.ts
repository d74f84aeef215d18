import { handlersFor } from '@parley/platform/cqrs/handlers-for.js';
import type { SchemaPart } from '@parley/platform/postgres/schema.js';
import { Module } from '@nestjs/common';
import { conversation } from '../domain/conversation.js';
import { AgentStatuses } from './agent-statuses.js';
import { RegenerateReplyHandler, SendMessageHandler, StartConversationHandler } from './to-agent.handlers.js';

/** The others ask for the agent first. */
const own = handlersFor(conversation, ['StopReply', 'RecordReply', 'RenameConversation', 'DeleteConversation']);

/** Runs where commands are decided. */
@Module({ providers: [AgentStatuses, StartConversationHandler, SendMessageHandler, RegenerateReplyHandler, ...own] })
export class ChatWriteModule {
  /** Chat keeps nothing outside the log. */
  static readonly tables: readonly SchemaPart[] = [];
}
