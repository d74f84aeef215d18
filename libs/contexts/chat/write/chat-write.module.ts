import { handlersFor } from '@parley/platform/cqrs/handlers-for.js';
import { Module } from '@nestjs/common';
import { conversation } from '../domain/conversation.js';
import { retention } from '../domain/retention.js';
import { AgentStatuses } from './agent-statuses.js';
import { KeepRetentionRuleHandler, RetentionTable, retentionTable } from './retention-table.js';
import { ImportConversationHandler, RegenerateReplyHandler, SendMessageHandler, StartConversationHandler } from './to-agent.handlers.js';

/** Those that ask for the agent first have handlers of their own. */
const derived = handlersFor(conversation, { except: ['StartConversation', 'SendMessage', 'RegenerateReply', 'ImportConversation'] });

/** Runs where commands are decided. */
@Module({ providers: [AgentStatuses, StartConversationHandler, SendMessageHandler, RegenerateReplyHandler, ImportConversationHandler, ...derived, ...handlersFor(retention), RetentionTable, KeepRetentionRuleHandler] })
export class ChatWriteModule {
  static readonly tables = [retentionTable];
}
