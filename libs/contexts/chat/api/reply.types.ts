import { IdField } from '@parley/platform/graphql-kit/input-fields.js';
import { COST_DESCRIPTION, enumOf, FailureReasonEnum, FinishReasonEnum, TokenUsageType } from '@parley/platform/graphql-kit/metering.types.js';
import { type FailureReason, type FinishReason, OUTCOMES, type Outcome } from '@parley/kernel/metering.js';
import { ArgsType, Field, Float, ID, Int, ObjectType } from '@nestjs/graphql';

export type ReplyStatus = 'pending' | Outcome;
const ReplyStatusEnum = enumOf<ReplyStatus>(
  'ReplyStatus',
  'PENDING: it is being made. COMPLETED: the model finished, and said why. STOPPED: you wanted no more. FAILED: it broke off, or never came.',
  ['pending', ...OUTCOMES],
);

@ObjectType({ description: 'An answer of an agent. What is null while it is pending is there when it has ended.' })
export class Reply {
  @Field(() => ID) id: string;
  @Field(() => ID) conversationId: string;
  @Field(() => ID, { description: 'The message that it answers.' }) messageId: string;
  @Field(() => ID) agentId: string;
  @Field(() => ID, { nullable: true, description: 'The reply that it was asked for in place of.' }) replacesReplyId: string | null;
  @Field(() => Date) requestedAt: Date;

  @Field(() => ReplyStatusEnum, { description: 'Whether it is being made, or how it ended.' }) status: ReplyStatus;
  @Field(() => String, { nullable: true, description: 'The whole text; of a stopped or failed reply what there was. `[erased]` once the person was erased.' })
  text: string | null;
  @Field(() => FinishReasonEnum, { nullable: true, description: 'Only of a completed reply.' }) finishReason: FinishReason | null;
  @Field(() => FailureReasonEnum, { nullable: true, description: 'Only of a failed reply.' }) failureReason: FailureReason | null;
  @Field(() => Int, { nullable: true, description: 'The attempt that its text is of: 1, 2, 3 …; 0 when none began.' }) attempt: number | null;
  @Field(() => String, { nullable: true }) provider: string | null;
  @Field(() => String, { nullable: true }) model: string | null;
  @Field(() => Int, { nullable: true, description: "Which version of the agent's prompt it was made by." }) promptVersion: number | null;
  @Field(() => TokenUsageType, { nullable: true }) usage: TokenUsageType | null;
  @Field(() => Float, { nullable: true, description: COST_DESCRIPTION }) costMicroUsd: number | null;
  @Field(() => Int, { nullable: true, description: 'From the start of the attempt to its first token, in milliseconds; null when none came.' })
  firstTokenMs: number | null;
  @Field(() => Int, { nullable: true, description: 'From the start of the attempt to its end, in milliseconds.' }) latencyMs: number | null;
  @Field(() => Date, { nullable: true }) settledAt: Date | null;
}

@ArgsType()
export class ReplyArgs {
  @IdField('Which reply.') id: string;
}
