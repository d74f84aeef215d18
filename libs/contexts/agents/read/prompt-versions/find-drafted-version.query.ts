import { TenantReads } from '@parley/platform/read-model/tenant-reads.js';
import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import { AgentRow } from '../agents/agents.projection.js';
import type { PromptHistory } from './list-prompt-versions.query.js';
import { PromptVersionRow } from './prompt-versions.projection.js';

/** The version that a draft became, found by the place of its fact in the agent's stream; undefined until the read model has it. */
export class FindDraftedVersion extends Query<PromptHistory | undefined> {
  constructor(readonly tenantId: string, readonly agentId: string, readonly revision: bigint) {
    super();
  }
}

@QueryHandler(FindDraftedVersion)
export class FindDraftedVersionHandler implements IQueryHandler<FindDraftedVersion> {
  constructor(private readonly reads: TenantReads) {}

  execute({ tenantId, agentId, revision }: FindDraftedVersion) {
    return this.reads.in(tenantId, async (manager) => {
      const agent = await manager.findOneBy(AgentRow, { tenantId, agentId });
      const draft = await manager.findOneBy(PromptVersionRow, { tenantId, agentId, draftedRevision: revision });
      return agent && draft ? { activeVersion: agent.activeVersion, versions: [draft] } : undefined;
    });
  }
}
