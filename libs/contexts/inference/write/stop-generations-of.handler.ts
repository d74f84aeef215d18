import { CommandHandling } from '@parley/platform/cqrs/command-handling.js';
import { type StreamFold, StreamStates } from '@parley/platform/cqrs/stream-states.js';
import { Databases } from '@parley/platform/postgres/databases.js';
import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { RequestStop, StopGenerationsOf } from '../domain/generation.commands.js';
import { generation, type GenerationState } from '../domain/generation.js';

/** The decider as the memory of streams knows it: the compiler does not see that its tables fit. */
const fold = generation as unknown as StreamFold<GenerationState>;

/** Looks through what is under way for the tenant: leases do not say whose they are, the generations' own streams do. */
@CommandHandler(StopGenerationsOf)
export class StopGenerationsOfHandler implements ICommandHandler<StopGenerationsOf> {
  constructor(private readonly databases: Databases, private readonly handling: CommandHandling, private readonly states: StreamStates) {}

  async execute({ data, meta }: StopGenerationsOf): Promise<void> {
    const { rows } = await this.databases.writer.query<{ reply_id: string }>('select reply_id from inference.leases where tenant_id = $1', [meta.tenantId]);
    for (const { reply_id: replyId } of rows) {
      const state = await this.states.latest(fold, meta.tenantId, replyId);
      if (state.status !== 'running' || state.about.personId !== data.personId) continue;
      await this.handling.handle(generation, new RequestStop({ replyId }, { ...meta, commandId: `stop:${replyId}` }));
    }
  }
}
