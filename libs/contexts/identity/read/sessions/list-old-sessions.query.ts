import { TenantReads } from '@parley/platform/read-model/tenant-reads.js';
import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import { SessionRow } from './sessions.projection.js';

/** Ids of the tenant's sessions that were begun by then and go on now, in their order after one. */
export class ListOldSessions extends Query<string[]> {
  constructor(readonly tenantId: string, readonly begunBy: Date, readonly now: Date, readonly after: string | undefined, readonly limit: number) {
    super();
  }
}

@QueryHandler(ListOldSessions)
export class ListOldSessionsHandler implements IQueryHandler<ListOldSessions> {
  constructor(private readonly reads: TenantReads) {}

  async execute({ tenantId, begunBy, now, after, limit }: ListOldSessions): Promise<string[]> {
    const rows = await this.reads.in(tenantId, (manager) => {
      const old = manager
        .createQueryBuilder(SessionRow, 'session')
        .select(['session.tenantId', 'session.sessionId'])
        .where('session.tenantId = :tenantId and session.startedAt <= :begunBy and session.endedAt is null and session.expiresAt > :now', { tenantId, begunBy, now });
      if (after) old.andWhere('session.sessionId > :after', { after });
      return old.orderBy('session.sessionId').limit(limit).getMany();
    });
    return rows.map(({ sessionId }) => sessionId);
  }
}
