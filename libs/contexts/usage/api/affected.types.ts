import { TenantIdField } from '@parley/platform/graphql-kit/audited-tenants.js';
import { Connection, ConnectionArgs } from '@parley/platform/graphql-kit/connection.js';
import { COST_DESCRIPTION } from '@parley/platform/graphql-kit/metering.types.js';
import { applyDecorators } from '@nestjs/common';
import { ArgsType, Field, Float, ID, Int, ObjectType } from '@nestjs/graphql';
import { IsDate, IsInt, IsOptional, IsString, IsUUID, MaxLength, Min } from 'class-validator';
import { ReplyUsage } from './usage.types.js';

@ObjectType({ description: 'A reply that an incident touched, and what it consumed.' })
export class AffectedReply extends ReplyUsage {}

@ObjectType({ description: 'The replies that an incident touched, latest first; and in all how many, of how many people, at what cost.' })
export class AffectedReplies extends Connection(AffectedReply) {
  @Field(() => Int, { description: 'How many replies in all, on this page or not.' }) replies: number;
  @Field(() => Int, { description: 'How many people asked for them.' }) people: number;
  @Field(() => Float, { description: `Of all of them. ${COST_DESCRIPTION}` }) costMicroUsd: number;
  @Field(() => Float, { description: `Of their attempts that came to nothing. ${COST_DESCRIPTION}` }) wastedCostMicroUsd: number;
}

const TextFilter = (description: string) => applyDecorators(Field(() => String, { nullable: true, description }), IsOptional(), IsString(), MaxLength(200));
const TimeFilter = (description: string) => applyDecorators(Field(() => Date, { nullable: true, description }), IsOptional(), IsDate());

@ArgsType()
export class AffectedArgs extends ConnectionArgs {
  @TenantIdField() tenantId?: string | null;

  @Field(() => ID, { nullable: true, description: 'Replies of this agent.' }) @IsOptional() @IsUUID()
  agentId?: string | null;

  @Field(() => Int, { nullable: true, description: "Replies by this version of the agent's prompt." }) @IsOptional() @IsInt() @Min(1)
  promptVersion?: number | null;

  @TextFilter('Replies through this provider.') provider?: string | null;
  @TextFilter('Replies of this model.') model?: string | null;
  @TextFilter('Replies that were asked for with this key, or by this person: the id of the actor.') key?: string | null;
  @TimeFilter('Replies that were still being made then, or later.') from?: Date | null;
  @TimeFilter('Replies that were being made by then.') to?: Date | null;
}
