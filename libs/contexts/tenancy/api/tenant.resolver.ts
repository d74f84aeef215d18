import { defineError } from '@parley/kernel/domain-error.js';
import { type CallerIdentity, CurrentCaller } from '@parley/platform/graphql-kit/caller.js';
import { page } from '@parley/platform/graphql-kit/connection.js';
import { connectionOf } from '@parley/platform/read-model/keyset.js';
import { QueryBus } from '@nestjs/cqrs';
import { Args, Query, ResolveField, Resolver } from '@nestjs/graphql';
import { ListMembers, memberOrder } from '../read/members/list-members.query.js';
import { FindTenant } from '../read/tenants/find-tenant.query.js';
import { Tenant, TenantMemberConnection, TenantMembersArgs } from './tenant.types.js';

export class TenantNotReady extends defineError(
  'TENANCY_TENANT_NOT_READY',
  'unavailable',
  'Your tenant is being set up.',
  'Ask again in a moment: it follows your registration.',
) {}

/** The caller's tenant; there is no way to ask for another's. */
@Resolver(() => Tenant)
export class TenantResolver {
  constructor(private readonly queries: QueryBus) {}

  @Query(() => Tenant, { description: 'Your tenant.' })
  async tenant(@CurrentCaller() { tenantId }: CallerIdentity): Promise<Tenant> {
    const found = await this.queries.execute(new FindTenant(tenantId));
    if (!found) throw new TenantNotReady({ retryAfterMs: 200 });
    const { slug, kind, createdAt } = found;
    return { id: tenantId, slug, kind, createdAt };
  }

  @ResolveField(() => TenantMemberConnection, { description: 'Who joined first comes first.' })
  async members(@Args() args: TenantMembersArgs, @CurrentCaller() { tenantId }: CallerIdentity): Promise<TenantMemberConnection> {
    const rows = await this.queries.execute(new ListMembers(tenantId, page(args, memberOrder.by.length)));
    return connectionOf(memberOrder, args, rows, ({ personId, role, joinedAt }) => ({ personId, role, joinedAt }));
  }
}
