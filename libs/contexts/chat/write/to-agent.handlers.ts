import { CommandHandling } from '@parley/platform/cqrs/command-handling.js';
import type { Receipt } from '@parley/platform/cqrs/command-sender.js';
import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { ImportConversation, RegenerateReply, SendMessage, StartConversation } from '../domain/conversation.commands.js';
import { conversation, conversationWith } from '../domain/conversation.js';
import { AgentStatuses } from './agent-statuses.js';

// What an agent is to answer is decided with its status beside the conversation's own facts.
const deciders = { active: conversation, archived: conversationWith('archived'), unknown: conversationWith('unknown') };

@CommandHandler(StartConversation)
export class StartConversationHandler implements ICommandHandler<StartConversation> {
  constructor(private readonly handling: CommandHandling, private readonly agents: AgentStatuses) {}

  async execute(command: StartConversation): Promise<Receipt> {
    const { data, meta } = command;
    return this.handling.handle(deciders[await this.agents.of(meta.tenantId, data.agentId)], command);
  }
}

@CommandHandler(SendMessage)
export class SendMessageHandler implements ICommandHandler<SendMessage> {
  constructor(private readonly handling: CommandHandling, private readonly agents: AgentStatuses) {}

  async execute(command: SendMessage): Promise<Receipt> {
    const { data, meta } = command;
    return this.handling.handle(deciders[await this.agents.ofConversation(meta.tenantId, data.conversationId)], command);
  }
}

@CommandHandler(RegenerateReply)
export class RegenerateReplyHandler implements ICommandHandler<RegenerateReply> {
  constructor(private readonly handling: CommandHandling, private readonly agents: AgentStatuses) {}

  async execute(command: RegenerateReply): Promise<Receipt> {
    const { data, meta } = command;
    return this.handling.handle(deciders[await this.agents.ofConversation(meta.tenantId, data.conversationId)], command);
  }
}

@CommandHandler(ImportConversation)
export class ImportConversationHandler implements ICommandHandler<ImportConversation> {
  constructor(private readonly handling: CommandHandling, private readonly agents: AgentStatuses) {}

  async execute(command: ImportConversation): Promise<Receipt> {
    const { data, meta } = command;
    return this.handling.handle(deciders[await this.agents.of(meta.tenantId, data.agentId)], command);
  }
}
