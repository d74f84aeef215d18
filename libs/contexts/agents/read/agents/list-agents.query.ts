import type { Page } from '@parley/platform/graphql-kit/connection.js';
import { type Keyset, takePage } from '@parley/platform/read-model/keyset.js';
import { TenantReads } from '@parley/platform/read-model/tenant-reads.js';
import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import { agentsWithPrompt, type AgentWithPrompt } from './agent-with-prompt.js';

/** Oldest first. */
export const agentOrder: Keyset = { by: [['createdAt', 'timestamptz'], ['agentId', 'uuid']], order: 'ASC' };

/** A page of the tenant's agents. */
export class ListAgents extends Query<AgentWithPrompt[]> {
  constructor(readonly tenantId: string, readonly withArchived: boolean, readonly page: Page) {
    super();
  }
}

@QueryHandler(ListAgents)
export class ListAgentsHandler implements IQueryHandler<ListAgents> {
  constructor(private readonly reads: TenantReads) {}

  execute({ tenantId, withArchived, page }: ListAgents) {
    return this.reads.in(tenantId, async (manager) => {
      const agents = agentsWithPrompt(manager, tenantId);
      if (!withArchived) agents.andWhere('agent.archivedAt is null');
      return (await takePage(agents, agentOrder, page).getMany()) as AgentWithPrompt[];
    });
  }
}
