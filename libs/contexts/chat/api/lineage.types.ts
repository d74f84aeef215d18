import { actorSchema, ROLES } from '@parley/kernel/meta.js';
import type { FailureReason } from '@parley/kernel/metering.js';
import { TenantIdField } from '@parley/platform/graphql-kit/audited-tenants.js';
import { COST_DESCRIPTION, FailureReasonEnum, TokenUsageType } from '@parley/platform/graphql-kit/metering.types.js';
import { IdField } from '@parley/platform/graphql-kit/input-fields.js';
import { ArgsType, Field, Float, ID, Int, ObjectType } from '@nestjs/graphql';

const [KINDS, ACTOR_ROLES] = [actorSchema.shape.kind.options.join(', '), ROLES.join(', ')];

@ObjectType({ description: 'One call of the provider for a reply.' })
export class ReplyAttempt {
  @Field(() => Int, { description: '1, 2, 3 …' }) attempt: number;
  @Field({ description: 'Hash of the assembled prompt, keyed: the same for the same prompt.' }) promptHash: string;
  @Field(() => Int, { description: 'How many messages of the conversation the prompt held.' }) messages: number;
  @Field(() => Date) startedAt: Date;
  @Field(() => FailureReasonEnum, { nullable: true, description: 'Null: it is under way, or it is the one that counts.' }) failureReason: FailureReason | null;
  @Field(() => String, { nullable: true, description: 'What the provider said to it: status and code.' }) providerError: string | null;
  @Field(() => TokenUsageType) usage: TokenUsageType;
  @Field(() => Float, { description: COST_DESCRIPTION }) costMicroUsd: number;
  @Field(() => String, { nullable: true, description: 'Which price made the cost.' }) priceVersion: string | null;
}

@ObjectType({ description: 'Who asked for a reply.' })
export class ReplyAskedBy {
  @Field(() => ID, { description: 'The fact that asked for it, in the history.' }) eventId: string;
  @Field({ description: `What they are: ${KINDS}.` }) kind: string;
  @Field() id: string;
  @Field({ description: `In which role: ${ACTOR_ROLES}.` }) role: string;
  @Field(() => ID, { nullable: true, description: 'The decision of a policy that allowed it; null: none was taken.' }) decisionId: string | null;
}

@ObjectType({ description: 'How a reply came about: by which prompt, model and parameters, in which attempts, at which price.' })
export class ReplyLineage {
  @Field(() => ID) replyId: string;
  @Field(() => ID) agentId: string;
  @Field(() => Int, { description: "Which version of the agent's prompt." }) promptVersion: number;
  @Field(() => String, { nullable: true, description: 'Of the last attempt; null: none has begun.' }) promptHash: string | null;
  @Field() provider: string;
  @Field() model: string;
  @Field(() => Float, { nullable: true, description: "Null: the provider's default." }) temperature: number | null;
  @Field(() => Int, { nullable: true, description: "Null: the provider's default." }) maxOutputTokens: number | null;
  @Field(() => [ReplyAttempt], { description: 'Each call of the provider, the first one first.' }) attempts: ReplyAttempt[];
  @Field(() => TokenUsageType, { description: 'Of the attempt that counts.' }) usage: TokenUsageType;
  @Field(() => Float, { description: `Of the attempt that counts. ${COST_DESCRIPTION}` }) costMicroUsd: number;
  @Field(() => String, { nullable: true, description: 'Which price made the cost; null: none yet, or the model has none.' }) priceVersion: string | null;
  @Field(() => ReplyAskedBy, { nullable: true }) askedBy: ReplyAskedBy | null;
  @Field(() => Date) startedAt: Date;
  @Field(() => Date, { nullable: true }) settledAt: Date | null;
}

@ArgsType()
export class AuditLineageArgs {
  @TenantIdField() tenantId?: string | null;

  @IdField('Of which reply.') replyId: string;
}
