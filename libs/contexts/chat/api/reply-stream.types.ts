import { ConsistencyTokenField, IdField } from '@parley/platform/graphql-kit/input-fields.js';
import { COST_DESCRIPTION, FailureReasonEnum, FinishReasonEnum, TokenUsageType } from '@parley/platform/graphql-kit/metering.types.js';
import type { FailureReason, FinishReason } from '@parley/kernel/metering.js';
import { ArgsType, createUnionType, Field, Float, ID, Int, InterfaceType, ObjectType } from '@nestjs/graphql';
import { IsInt, Min } from 'class-validator';

@ObjectType({ description: 'A piece of the text. A chunk of a new attempt begins the text anew.' })
export class ReplyChunk {
  @Field(() => ID) replyId: string;
  @Field(() => Int, { description: '1, 2, 3 …: when it rises, drop the text that you have.' }) attempt: number;
  @Field(() => Int, { description: 'The place of the piece. To go on after a lost connection, ask from the one after the last that you have.' }) sequence: number;
  @Field() text: string;
}

@ObjectType({ description: 'The whole text: put it in the place of what you have. It comes where pieces are no longer kept.' })
export class ReplySnapshot {
  @Field(() => ID) replyId: string;
  @Field(() => Int) attempt: number;
  @Field() text: string;
  @Field(() => Int, { description: 'Where to go on from.' }) nextSequence: number;
}

@InterfaceType({ description: 'How a reply ended. The last event of its stream.' })
export abstract class ReplySettled {
  @Field(() => ID) replyId: string;
  @Field(() => Int, { description: 'The attempt that the text is of; 0 when none began.' }) attempt: number;
  @Field({ description: 'The text as it is stored.' }) text: string;
  @Field() provider: string;
  @Field() model: string;
  @Field(() => Int) promptVersion: number;
  @Field(() => TokenUsageType) usage: TokenUsageType;
  @Field(() => Float, { description: COST_DESCRIPTION }) costMicroUsd: number;
  @Field(() => Int, { nullable: true, description: 'From the start of the attempt to its first text, in milliseconds; null when none came.' }) firstTokenMs: number | null;
  @Field(() => Int, { description: 'From the start of the attempt to its end, in milliseconds.' }) latencyMs: number;
}

@ObjectType({ implements: ReplySettled, description: 'The model finished, and said why.' })
export class ReplyCompleted extends ReplySettled {
  @Field(() => FinishReasonEnum) finishReason: FinishReason;
}

@ObjectType({ implements: ReplySettled, description: 'You wanted no more; the text is what there was.' })
export class ReplyStopped extends ReplySettled {}

@ObjectType({ implements: ReplySettled, description: 'It broke off, or never came; the text is what there was.' })
export class ReplyFailed extends ReplySettled {
  @Field(() => FailureReasonEnum) failureReason: FailureReason;
}

export const ReplyEvent = createUnionType({
  name: 'ReplyEvent',
  description: "What a reply's stream says: pieces of text, then one end.",
  types: () => [ReplyChunk, ReplySnapshot, ReplyCompleted, ReplyStopped, ReplyFailed] as const,
});
export type ReplyEvent = typeof ReplyEvent;

@ArgsType()
export class ReplyStreamArgs {
  @IdField('Which reply.') replyId: string;

  @Field(() => Int, { defaultValue: 0, description: 'Where to begin: 0, or the sequence after the last that you have.' })
  @IsInt() @Min(0)
  fromSequence: number;

  @ConsistencyTokenField() consistencyToken?: string | null;
}
