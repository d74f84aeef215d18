import { CommandHandling } from '@parley/platform/cqrs/command-handling.js';
import type { Receipt } from '@parley/platform/cqrs/command-sender.js';
import { type StreamFold, StreamStates } from '@parley/platform/cqrs/stream-states.js';
import { NO_STREAM, streamName } from '@parley/platform/event-store/event-store.js';
import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { RequestGeneration, StartGeneration } from '../domain/generation.commands.js';
import { generation, type GenerationState } from '../domain/generation.js';
import { AgentPrompts } from './agent-prompts.js';

/** The decider as the memory of streams knows it: the compiler does not see that its tables fit. */
const fold = generation as unknown as StreamFold<GenerationState>;

/** Finds out who answers, as the agent's stream says it now, and starts the generation. */
@CommandHandler(RequestGeneration)
export class RequestGenerationHandler implements ICommandHandler<RequestGeneration> {
  constructor(private readonly agents: AgentPrompts, private readonly handling: CommandHandling, private readonly states: StreamStates) {}

  async execute({ data, meta }: RequestGeneration): Promise<Receipt> {
    const by = await this.agents.active(meta.tenantId, data.agentId);
    this.presumeNew(streamName(generation.category, meta.tenantId, data.replyId));
    return this.handling.handle(generation, new StartGeneration({ ...data, by }, meta));
  }

  /** Nearly always it is new, and a person waits: so the stream is not read first. Where it is not new, the append finds that out. */
  private presumeNew(stream: string): void {
    if (!this.states.recall(fold, stream)) this.states.remember(fold, stream, { state: generation.initialState, revision: NO_STREAM, position: 0n });
  }
}
