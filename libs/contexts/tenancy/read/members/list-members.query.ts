import type { Page } from '@parley/platform/graphql-kit/connection.js';
import { type Keyset, takePage } from '@parley/platform/read-model/keyset.js';
import { TenantReads } from '@parley/platform/read-model/tenant-reads.js';
import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import { MemberRow } from './members.projection.js';

/** Who joined first comes first. */
export const memberOrder: Keyset = { by: [['joinedAt', 'timestamptz'], ['personId', 'uuid']], order: 'ASC' };

/** A page of the tenant's members. */
export class ListMembers extends Query<MemberRow[]> {
  constructor(readonly tenantId: string, readonly page: Page) {
    super();
  }
}

@QueryHandler(ListMembers)
export class ListMembersHandler implements IQueryHandler<ListMembers> {
  constructor(private readonly reads: TenantReads) {}

  execute({ tenantId, page }: ListMembers): Promise<MemberRow[]> {
    return this.reads.in(tenantId, (manager) => {
      const members = manager.createQueryBuilder(MemberRow, 'member').where('member.tenantId = :tenantId', { tenantId });
      return takePage(members, memberOrder, page).getMany();
    });
  }
}
