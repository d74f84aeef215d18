import { TenantReads } from '@parley/platform/read-model/tenant-reads.js';
import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import { LRUCache } from 'lru-cache';
import { ErasureRow } from '../erasures/erasures.projection.js';
import { SessionRow } from './sessions.projection.js';

/** Whether a session was ended before its time, or its person is being erased. One that nobody knows has not: its start may be on its way to us. */
export class HasSessionEnded extends Query<boolean> {
  constructor(readonly tenantId: string, readonly sessionId: string, readonly personId: string) {
    super();
  }
}

/** How old an answer "it has not ended" may be: with the time that a fact takes to get here, an ended session's tokens are refused within 5 s. */
const ANSWER_LIFE_MS = 2_000;

/** Asked at every request, so answers are kept: for a moment, or for good once a session has ended. */
@QueryHandler(HasSessionEnded)
export class HasSessionEndedHandler implements IQueryHandler<HasSessionEnded> {
  private readonly answers = new LRUCache<string, { readonly hasEnded: boolean }, HasSessionEnded>({
    max: 50_000,
    fetchMethod: async (_key, _stale, { context, options }) => {
      const hasEnded = await this.ask(context);
      options.ttl = hasEnded ? 0 : ANSWER_LIFE_MS; // 0: without end
      return { hasEnded };
    },
  });

  constructor(private readonly reads: TenantReads) {}

  async execute(query: HasSessionEnded): Promise<boolean> {
    const answer = await this.answers.fetch(`${query.tenantId}.${query.sessionId}`, { context: query });
    return answer!.hasEnded;
  }

  private ask({ tenantId, sessionId, personId }: HasSessionEnded): Promise<boolean> {
    return this.reads.in(tenantId, async (manager) => {
      const row = await manager.findOneBy(SessionRow, { tenantId, sessionId });
      return row?.endedAt != null || manager.existsBy(ErasureRow, { tenantId, personId });
    });
  }
}
