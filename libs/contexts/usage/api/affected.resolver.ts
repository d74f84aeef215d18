import { AuditedTenants } from '@parley/platform/graphql-kit/audited-tenants.js';
import { type CallerIdentity, CurrentCaller } from '@parley/platform/graphql-kit/caller.js';
import { May } from '@parley/platform/graphql-kit/permissions.js';
import { connectionOf, pageOf } from '@parley/platform/read-model/keyset.js';
import { QueryBus } from '@nestjs/cqrs';
import { Args, Query, Resolver } from '@nestjs/graphql';
import { FindAffected } from '../read/affected/find-affected.query.js';
import { usageOrder } from '../read/replies/list-reply-usage.query.js';
import { AffectedArgs, AffectedReplies } from './affected.types.js';
import { shown } from './usage.resolver.js';

/** The blast radius of a bad prompt, a leaked key or a provider's incident. */
@May('audit:read')
@Resolver()
export class AffectedResolver {
  constructor(private readonly queries: QueryBus, private readonly tenants: AuditedTenants) {}

  @Query(() => AffectedReplies, { description: 'Exactly the replies that an incident touched, how many people had them and what they cost. For auditors, owners and administrators.' })
  async auditAffected(@Args() args: AffectedArgs, @CurrentCaller() caller: CallerIdentity): Promise<AffectedReplies> {
    const tenantId = await this.tenants.named(caller, args.tenantId);
    const { agentId, promptVersion, provider, model, key, from, to } = args;
    const incident = {
      ...(agentId && { agentId: agentId.toLowerCase() }),
      ...(promptVersion && { promptVersion }),
      ...(provider && { provider }),
      ...(model && { model }),
      ...(key && { key }),
      ...(from && { from }),
      ...(to && { to }),
    };
    const { rows, replies, people, costMicroUsd, wastedCostMicroUsd } = await this.queries.execute(new FindAffected(tenantId, incident, pageOf(usageOrder, args)));
    return { ...connectionOf(usageOrder, args, rows, shown), replies, people, costMicroUsd: Number(costMicroUsd), wastedCostMicroUsd: Number(wastedCostMicroUsd) };
  }
}
