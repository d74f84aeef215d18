import { CommandHandling } from '@parley/platform/cqrs/command-handling.js';
import type { Receipt } from '@parley/platform/cqrs/command-sender.js';
import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { RequestGeneration, StartGeneration } from '../domain/generation.commands.js';
import { generation } from '../domain/generation.js';
import { AgentPrompts } from './agent-prompts.js';

/** Finds out who answers, as the agent's stream says it now, and starts the generation. */
@CommandHandler(RequestGeneration)
export class RequestGenerationHandler implements ICommandHandler<RequestGeneration> {
  constructor(private readonly agents: AgentPrompts, private readonly handling: CommandHandling) {}

  async execute({ data, meta }: RequestGeneration): Promise<Receipt> {
    const by = await this.agents.active(meta.tenantId, data.agentId);
    return this.handling.handle(generation, new StartGeneration({ ...data, by }, meta));
  }
}
