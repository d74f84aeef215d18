import { EventStore } from '@parley/platform/event-store/event-store.js';
import type { CallerIdentity } from '@parley/platform/graphql-kit/caller.js';
import { Injectable } from '@nestjs/common';
import { TenantUnknown } from './evidence.controller.js';

/** Whose history is read: one's own tenant's, or, by a platform administrator, any that there is. */
@Injectable()
export class AuditedTenants {
  constructor(private readonly store: EventStore) {}

  /** @throws TenantUnknown in the same words for another's and for one that is not there */
  async named(caller: CallerIdentity, tenantId: string | null | undefined): Promise<string> {
    const wanted = tenantId?.toLowerCase() ?? caller.tenantId;
    if (wanted === caller.tenantId) return wanted;
    if (caller.role !== 'platform-admin' || (await this.store.readTenant(wanted, { limit: 1 })).length === 0) throw new TenantUnknown();
    return wanted;
  }
}
