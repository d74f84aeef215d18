import { type CallerIdentity, CurrentCaller } from '@parley/platform/graphql-kit/caller.js';
import { connectionOf, pageOf } from '@parley/platform/read-model/keyset.js';
import { QueryBus } from '@nestjs/cqrs';
import { Args, Query, Resolver } from '@nestjs/graphql';
import { FindReplyUsage } from '../read/replies/find-reply-usage.query.js';
import { ListReplyUsage, usageOrder } from '../read/replies/list-reply-usage.query.js';
import type { UsageRow } from '../read/replies/replies.projection.js';
import { ReplyUsage, ReplyUsageArgs, ReplyUsageConnection, UsageRepliesArgs } from './usage.types.js';

@Resolver()
export class UsageResolver {
  constructor(private readonly queries: QueryBus) {}

  @Query(() => ReplyUsage, { nullable: true, description: 'What one reply consumed; null when there is none that you may see.' })
  async replyUsage(@CurrentCaller() caller: CallerIdentity, @Args() { replyId }: ReplyUsageArgs): Promise<ReplyUsage | null> {
    const row = await this.queries.execute(new FindReplyUsage(caller, replyId));
    return row ? shown(row) : null;
  }

  @Query(() => ReplyUsageConnection, { description: "What replies consumed, latest first: yours, or everyone's where your role oversees the tenant." })
  async usageReplies(@CurrentCaller() caller: CallerIdentity, @Args() args: UsageRepliesArgs): Promise<ReplyUsageConnection> {
    const rows = await this.queries.execute(new ListReplyUsage(caller, pageOf(usageOrder, args)));
    return connectionOf(usageOrder, args, rows, shown);
  }
}

function shown({ inputTokens, cachedInputTokens, outputTokens, reasoningTokens, isEstimated, ...row }: UsageRow): ReplyUsage {
  return {
    ...row,
    usage: { inputTokens, cachedInputTokens, outputTokens, reasoningTokens, estimated: isEstimated },
    costMicroUsd: Number(row.costMicroUsd),
    wastedCostMicroUsd: Number(row.wastedCostMicroUsd),
  };
}
