import { type CallerIdentity, CurrentCaller } from '@parley/platform/graphql-kit/caller.js';
import { type AskedFields, AskedOfNodes, columnsOf } from '@parley/platform/graphql-kit/execution/asked-fields.js';
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
  async usageReplies(@CurrentCaller() caller: CallerIdentity, @Args() args: UsageRepliesArgs, @AskedOfNodes() asked: AskedFields): Promise<ReplyUsageConnection> {
    const rows = await this.queries.execute(new ListReplyUsage(caller, pageOf(usageOrder, args), columnsOf(asked, MADE_OF)));
    return connectionOf(usageOrder, args, rows, shown);
  }
}

const MADE_OF = { usage: ['inputTokens', 'cachedInputTokens', 'outputTokens', 'reasoningTokens', 'isEstimated'] } as const;

/** What a row lacks, nobody asked for. One literal: the same shape for each row is what the engine is fast with. */
export const shown = (row: UsageRow): ReplyUsage => ({
  replyId: row.replyId,
  conversationId: row.conversationId,
  messageId: row.messageId,
  personId: row.personId,
  agentId: row.agentId,
  promptVersion: row.promptVersion,
  promptHash: row.promptHash,
  provider: row.provider,
  model: row.model,
  temperature: row.temperature,
  maxOutputTokens: row.maxOutputTokens,
  status: row.status,
  finishReason: row.finishReason,
  failureReason: row.failureReason,
  attempts: row.attempts,
  usage: { inputTokens: row.inputTokens, cachedInputTokens: row.cachedInputTokens, outputTokens: row.outputTokens, reasoningTokens: row.reasoningTokens, estimated: row.isEstimated },
  costMicroUsd: Number(row.costMicroUsd),
  priceVersion: row.priceVersion,
  wastedTokens: row.wastedTokens,
  wastedCostMicroUsd: Number(row.wastedCostMicroUsd),
  firstTokenMs: row.firstTokenMs,
  latencyMs: row.latencyMs,
  startedAt: row.startedAt,
  settledAt: row.settledAt,
  day: row.day,
});
