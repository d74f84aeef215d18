import { Field, ID } from '@nestjs/graphql';
import { defineError } from '@parley/kernel/domain-error.js';
import { applyDecorators, Injectable } from '@nestjs/common';
import { IsOptional, IsUUID } from 'class-validator';
import { EventStore } from '../event-store/event-store.js';
import type { CallerIdentity } from './caller.js';

export class TenantUnknown extends defineError('AUDIT_TENANT_UNKNOWN', 'not-found', 'There is no such tenant.', 'Leave the tenant out for your own; only platform administrators name another.') {}

/** `tenantId` of a query's arguments: whose history it is about. */
export const TenantIdField = () =>
  applyDecorators(Field(() => ID, { nullable: true, description: 'Which tenant; yours without it. Another one is for platform administrators.' }), IsOptional(), IsUUID());

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
