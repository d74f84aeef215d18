import { CommandSender } from '@parley/platform/cqrs/command-sender.js';
import { type CallerIdentity, CurrentCaller } from '@parley/platform/graphql-kit/caller.js';
import { May } from '@parley/platform/graphql-kit/permissions.js';
import { type MutationRequest, Requests } from '@parley/platform/graphql-kit/requests.js';
import { ConsistencyTokens } from '@parley/platform/read-model/consistency.js';
import { QueryBus } from '@nestjs/cqrs';
import { Args, Mutation, Query, Resolver } from '@nestjs/graphql';
import { SetRetentionRule } from '../domain/retention.commands.js';
import { ListRetentionRules } from '../read/retention/list-retention-rules.query.js';
import { RetentionRule, SetRetentionInput, SetRetentionPayload } from './retention.types.js';

/** How long the tenant keeps what is said. */
@Resolver(() => RetentionRule)
export class RetentionResolver {
  constructor(private readonly commands: CommandSender, private readonly queries: QueryBus, private readonly tokens: ConsistencyTokens) {}

  @Query(() => [RetentionRule], { description: 'The rules of retention of your tenant.' })
  retentionRules(@CurrentCaller() { tenantId }: CallerIdentity): Promise<RetentionRule[]> {
    return this.queries.execute(new ListRetentionRules(tenantId));
  }

  @May('retention:set')
  @Mutation(() => SetRetentionPayload, { description: 'Says how long the tenant keeps things of a kind; a scheduler goes by it. For owners.' })
  async setRetention(
    @Args('input') { kind, afterDays = null, idempotencyKey }: SetRetentionInput,
    @CurrentCaller() caller: CallerIdentity,
    @Requests() request: MutationRequest,
  ): Promise<SetRetentionPayload> {
    const { tenantId } = caller;
    const { position } = await this.commands.send(new SetRetentionRule({ tenantId, kind, afterDays }, request.meta(caller, idempotencyKey)));
    return { consistencyToken: this.tokens.issue(tenantId, position) };
  }
}
