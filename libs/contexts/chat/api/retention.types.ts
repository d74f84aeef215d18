import { enumOf } from '@parley/platform/graphql-kit/metering.types.js';
import { IdempotencyKeyField } from '@parley/platform/graphql-kit/input-fields.js';
import { Field, InputType, Int, ObjectType } from '@nestjs/graphql';
import { IsIn, IsInt, IsOptional, Max, Min } from 'class-validator';
import { RETENTION_KINDS, type RetentionKind } from '../domain/retention.events.js';

const RetentionKindEnum = enumOf<RetentionKind>('RetentionKind', 'What a rule of retention is about. CONVERSATIONS: hidden when nobody has spoken in them for so long. SESSIONS: ended so long after sign-in.', RETENTION_KINDS);

@InputType()
export class SetRetentionInput {
  @Field(() => RetentionKindEnum) @IsIn(RETENTION_KINDS) kind: RetentionKind;

  @Field(() => Int, { nullable: true, description: 'After how many days, 1 to 3650; null: never.' })
  @IsOptional() @IsInt() @Min(1) @Max(3_650)
  afterDays?: number | null;

  @IdempotencyKeyField() idempotencyKey?: string | null;
}

@ObjectType()
export class SetRetentionPayload {
  @Field({ description: 'Send it with a query to see this change.' }) consistencyToken: string;
}

@ObjectType({ description: 'How long the tenant keeps things of a kind. What no rule names is kept.' })
export class RetentionRule {
  @Field(() => RetentionKindEnum) kind: string;
  @Field(() => Int) afterDays: number;
  @Field(() => Date) setAt: Date;
  @Field(() => Date, { nullable: true, description: 'When it last concerned something.' }) lastAppliedAt: Date | null;
  @Field(() => Int, { description: 'How many things it has hidden altogether.' }) hidden: number;
}
