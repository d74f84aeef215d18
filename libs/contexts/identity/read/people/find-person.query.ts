import { TenantReads } from '@parley/platform/read-model/tenant-reads.js';
import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import { people, PersonRow } from './people.projection.js';

/** A person of the tenant, opened; undefined when the read model has none. */
export class FindPerson extends Query<PersonRow | undefined> {
  constructor(readonly tenantId: string, readonly personId: string) {
    super();
  }
}

@QueryHandler(FindPerson)
export class FindPersonHandler implements IQueryHandler<FindPerson> {
  constructor(private readonly reads: TenantReads) {}

  async execute({ tenantId, personId }: FindPerson): Promise<PersonRow | undefined> {
    const row = await this.reads.in(tenantId, (manager) => manager.findOneBy(PersonRow, { tenantId, personId }));
    return row ? (await this.reads.open(people, [row]))[0] : undefined;
  }
}
