import { OUTCOMES } from '@parley/kernel/metering.js';
import { Connection, ConnectionArgs } from '@parley/platform/graphql-kit/connection.js';
import { ConsistencyTokenField, IdField } from '@parley/platform/graphql-kit/input-fields.js';
import { COST_DESCRIPTION, enumOf, FailureReasonEnum, FinishReasonEnum, TokenUsageType } from '@parley/platform/graphql-kit/metering.types.js';
import { ArgsType, Field, Float, ID, Int, ObjectType } from '@nestjs/graphql';

export type UsageStatus = 'pending' | (typeof OUTCOMES)[number];
const UsageStatusEnum = enumOf<UsageStatus>('UsageStatus', 'How the reply ended; PENDING: it is still being made.', ['pending', ...OUTCOMES]);

@ObjectType({ description: 'What one reply consumed. The tokens and the cost are those of the attempt that counts.' })
export class ReplyUsage {
  @Field(() => ID) replyId: string;
  @Field(() => ID) conversationId: string;
  @Field(() => ID) messageId: string;
  @Field(() => ID, { description: 'Who asked for it.' }) personId: string;
  @Field(() => ID) agentId: string;
  @Field(() => Int, { description: "Which version of the agent's prompt made it." }) promptVersion: number;
  @Field(() => String, { nullable: true, description: 'Hash of the assembled prompt, keyed: the same for the same prompt.' }) promptHash: string | null;
  @Field() provider: string;
  @Field() model: string;
  @Field(() => Float, { nullable: true }) temperature: number | null;
  @Field(() => Int, { nullable: true }) maxOutputTokens: number | null;
  @Field(() => UsageStatusEnum, { description: 'How it ended.' }) status: UsageStatus;
  @Field(() => FinishReasonEnum, { nullable: true, description: 'Of a completed reply.' }) finishReason: string | null;
  @Field(() => FailureReasonEnum, { nullable: true, description: 'Of a failed reply.' }) failureReason: string | null;
  @Field(() => Int, { description: 'How many times a provider was called for it.' }) attempts: number;
  @Field(() => TokenUsageType) usage: TokenUsageType;
  @Field(() => Float, { description: COST_DESCRIPTION }) costMicroUsd: number;
  @Field(() => String, { nullable: true, description: 'Which price made the cost; null: the model has none, and costs nothing here.' }) priceVersion: string | null;
  @Field(() => Int, { description: 'Tokens of all classes of the attempts that came to nothing.' }) wastedTokens: number;
  @Field(() => Float, { description: `Of the attempts that came to nothing. ${COST_DESCRIPTION}` }) wastedCostMicroUsd: number;
  @Field(() => Int, { nullable: true, description: 'From the start of the attempt to its first text, in milliseconds.' }) firstTokenMs: number | null;
  @Field(() => Int, { nullable: true, description: 'From the start of the attempt to its end, in milliseconds.' }) latencyMs: number | null;
  @Field(() => Date) startedAt: Date;
  @Field(() => Date, { nullable: true }) settledAt: Date | null;
  @Field({ description: 'The day that it counts for, in UTC: 2025-01-31.' }) day: string;
}

@ObjectType({ description: 'A page of what replies consumed, latest first.' })
export class ReplyUsageConnection extends Connection(ReplyUsage) {}

@ArgsType()
export class ReplyUsageArgs {
  @IdField('Of which reply.') replyId: string;
  @ConsistencyTokenField() consistencyToken?: string | null;
}

@ArgsType()
export class UsageRepliesArgs extends ConnectionArgs {
  @ConsistencyTokenField() consistencyToken?: string | null;
}
