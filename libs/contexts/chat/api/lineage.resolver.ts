import { AuditedTenants } from '@parley/platform/graphql-kit/audited-tenants.js';
import { type CallerIdentity, CurrentCaller } from '@parley/platform/graphql-kit/caller.js';
import { May } from '@parley/platform/graphql-kit/permissions.js';
import { QueryBus } from '@nestjs/cqrs';
import { Args, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import { FindLineage } from '../read/lineage/find-lineage.query.js';
import type { Lineage } from '../read/lineage/lineage.js';
import { AuditLineageArgs, ReplyLineage } from './lineage.types.js';
import { Reply } from './reply.types.js';

/** How replies came about. */
@Resolver(() => Reply)
export class LineageResolver {
  constructor(private readonly queries: QueryBus, private readonly tenants: AuditedTenants) {}

  @ResolveField(() => ReplyLineage, { nullable: true, description: 'How it came about; null until it is begun.', complexity: 5 })
  async lineage(@Parent() { id }: Reply, @CurrentCaller() { tenantId }: CallerIdentity): Promise<ReplyLineage | null> {
    return view(await this.queries.execute(new FindLineage(tenantId, id)));
  }

  @May('audit:read')
  @Query(() => ReplyLineage, { nullable: true, description: 'How any reply of your tenant came about, without its text. For auditors, owners and administrators.' })
  async auditLineage(@Args() { tenantId, replyId }: AuditLineageArgs, @CurrentCaller() caller: CallerIdentity): Promise<ReplyLineage | null> {
    return view(await this.queries.execute(new FindLineage(await this.tenants.named(caller, tenantId), replyId.toLowerCase())));
  }
}

function view(lineage: Lineage | undefined): ReplyLineage | null {
  if (!lineage) return null;
  const { askedBy, attempts, ...rest } = lineage;
  const asked = askedBy && { eventId: askedBy.eventId, ...askedBy.actor, decisionId: askedBy.decisionId };
  return { ...rest, attempts: [...attempts], promptHash: attempts.at(-1)?.promptHash ?? null, askedBy: asked };
}
