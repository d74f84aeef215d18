import type { Page } from '@parley/platform/graphql-kit/connection.js';
import { type Keyset, takePage } from '@parley/platform/read-model/keyset.js';
import { TenantReads } from '@parley/platform/read-model/tenant-reads.js';
import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import { AGENT_CATEGORY } from '../../domain/agent.events.js';
import { AgentRow } from '../agents/agents.projection.js';
import { PromptVersionRow } from './prompt-versions.projection.js';

/** Latest first. */
export const promptVersionOrder: Keyset = { by: [['version', 'int']], order: 'DESC' };

export interface PromptHistory {
  readonly activeVersion: number;
  readonly versions: readonly PromptVersionRow[];
}

/** A page of the versions of an agent's prompt; undefined when there is no such agent. */
export class ListPromptVersions extends Query<PromptHistory | undefined> {
  constructor(readonly tenantId: string, readonly agentId: string, readonly page: Page) {
    super();
  }
}

@QueryHandler(ListPromptVersions)
export class ListPromptVersionsHandler implements IQueryHandler<ListPromptVersions> {
  constructor(private readonly reads: TenantReads) {}

  execute({ tenantId, agentId, page }: ListPromptVersions) {
    return this.reads.in(tenantId, async (manager) => {
      const agent = await manager.findOneBy(AgentRow, { tenantId, agentId });
      if (!agent) return undefined;
      const versions = manager
        .createQueryBuilder(PromptVersionRow, 'prompt')
        .where('prompt.tenantId = :tenantId and prompt.agentId = :agentId', { tenantId, agentId });
      return { activeVersion: agent.activeVersion, versions: await takePage(versions, promptVersionOrder, page).getMany() };
    }, { category: AGENT_CATEGORY, id: agentId });
  }
}
