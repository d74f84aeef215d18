import type { Page } from '@parley/platform/graphql-kit/connection.js';
import { type Keyset, takePage } from '@parley/platform/read-model/keyset.js';
import { TenantReads } from '@parley/platform/read-model/tenant-reads.js';
import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import { people, PersonRow } from './people.projection.js';

/** Who came first comes first. */
export const peopleOrder: Keyset = { by: [['registeredAt', 'timestamptz'], ['personId', 'uuid']], order: 'ASC' };

/** A page of the tenant's people, opened. */
export class ListPeople extends Query<PersonRow[]> {
  constructor(readonly tenantId: string, readonly page: Page) {
    super();
  }
}

@QueryHandler(ListPeople)
export class ListPeopleHandler implements IQueryHandler<ListPeople> {
  constructor(private readonly reads: TenantReads) {}

  async execute({ tenantId, page }: ListPeople): Promise<PersonRow[]> {
    const rows = await this.reads.in(tenantId, (manager) => {
      const all = manager.createQueryBuilder(PersonRow, 'person').where('person.tenantId = :tenantId', { tenantId });
      return takePage(all, peopleOrder, page).getMany();
    });
    return this.reads.open(people, rows);
  }
}
