import { TenantReads } from '@parley/platform/read-model/tenant-reads.js';
import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import { PromptVersionRow } from './prompt-versions.projection.js';

/** The version that a draft became, found by the place of its fact in the agent's stream; undefined until the read model has it. */
export class FindDraftedVersion extends Query<PromptVersionRow | undefined> {
  constructor(readonly tenantId: string, readonly agentId: string, readonly revision: bigint) {
    super();
  }
}

@QueryHandler(FindDraftedVersion)
export class FindDraftedVersionHandler implements IQueryHandler<FindDraftedVersion> {
  constructor(private readonly reads: TenantReads) {}

  execute({ tenantId, agentId, revision }: FindDraftedVersion) {
    return this.reads.in(tenantId, async (manager) => {
      const draft = await manager
        .createQueryBuilder(PromptVersionRow, 'prompt')
        .where('prompt.tenantId = :tenantId and prompt.agentId = :agentId', { tenantId, agentId })
        .andWhere('prompt.draftedRevision = cast(:revision as bigint)', { revision: `${revision}` })
        .getOne();
      return draft ?? undefined;
    });
  }
}
