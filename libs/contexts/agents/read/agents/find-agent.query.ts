import { TenantReads } from '@parley/platform/read-model/tenant-reads.js';
import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import { AGENT_CATEGORY } from '../../domain/agent.events.js';
import { agentsWithPrompt, type AgentWithPrompt } from './agent-with-prompt.js';

/** One agent of the tenant, archived or not; undefined when there is none. */
export class FindAgent extends Query<AgentWithPrompt | undefined> {
  constructor(readonly tenantId: string, readonly agentId: string) {
    super();
  }
}

@QueryHandler(FindAgent)
export class FindAgentHandler implements IQueryHandler<FindAgent> {
  constructor(private readonly reads: TenantReads) {}

  execute({ tenantId, agentId }: FindAgent) {
    return this.reads.in(tenantId, async (manager) => {
      const agent = await agentsWithPrompt(manager, tenantId).andWhere('agent.agentId = :agentId', { agentId }).getOne();
      return (agent as AgentWithPrompt | null) ?? undefined;
    }, { category: AGENT_CATEGORY, id: agentId });
  }
}
