import { COST_DESCRIPTION, enumOf } from '@parley/platform/graphql-kit/metering.types.js';
import { ArgsType, Field, Float, ID, InputType, Int, ObjectType } from '@nestjs/graphql';
import { Type } from 'class-transformer';
import { ArrayMaxSize, IsOptional, IsString, IsUUID, Matches, MaxLength, ValidateNested } from 'class-validator';
import { type CohortPeriod } from '../read/figures/retention.query.js';
import { type Dimension, DIMENSION_NAMES } from '../read/figures/sum-usage.query.js';

const DimensionEnum = enumOf<Dimension>('UsageDimension', 'By what sums are split. HOUR goes for at most 62 days.', DIMENSION_NAMES);
const CohortPeriodEnum = enumOf<CohortPeriod>('CohortPeriod', 'Weeks begin on Monday.', ['week', 'month']);

/** Postgres stores no NUL and no half of a surrogate pair. */
const WORD = /^[^\0\p{Cs}]*$/u;

@InputType({ description: 'Days of UTC, both counted: at most 1,100.' })
export class UsageRange {
  @Field({ description: 'The first day: 2025-01-01.' }) @IsString() @MaxLength(10) fromDay: string;
  @Field({ description: 'The last day: 2025-01-31.' }) @IsString() @MaxLength(10) toDay: string;
}

@InputType({ description: 'What the sums are of; what is left out narrows nothing.' })
export class UsageFilterInput {
  @Field(() => ID, { nullable: true, description: 'Replies of this agent.' }) @IsOptional() @IsUUID() agentId?: string | null;
  @Field(() => ID, { nullable: true, description: 'What this person asked for; counts where your role oversees the tenant.' }) @IsOptional() @IsUUID() personId?: string | null;
  @Field(() => String, { nullable: true }) @IsOptional() @Matches(WORD) @MaxLength(200) provider?: string | null;
  @Field(() => String, { nullable: true }) @IsOptional() @Matches(WORD) @MaxLength(200) model?: string | null;
}

@ArgsType()
export class RangeArgs {
  @Field(() => UsageRange) @ValidateNested() @Type(() => UsageRange) range: UsageRange;
}

@ArgsType()
export class UsageArgs extends RangeArgs {
  @Field(() => [DimensionEnum], { defaultValue: [], description: 'Split by these; without any there is the total alone.' }) @ArrayMaxSize(8) groupBy: Dimension[];
  @Field(() => UsageFilterInput, { nullable: true }) @IsOptional() @ValidateNested() @Type(() => UsageFilterInput) filter?: UsageFilterInput | null;
}

@ArgsType()
export class RetentionArgs extends RangeArgs {
  @Field(() => CohortPeriodEnum, { defaultValue: 'week' }) period: CohortPeriod;
}

@ObjectType({ isAbstract: true })
abstract class Figures {
  @Field(() => Float, { description: 'Replies that were asked for, those still being made among them.' }) replies: number;
  @Field(() => Float, { description: 'Replies that the model finished.' }) completed: number;
  @Field(() => Float, { description: 'Replies that a person stopped.' }) stopped: number;
  @Field(() => Float, { description: 'Replies that no call brought to an end.' }) failed: number;
  @Field(() => Float, { description: 'Calls of providers, those that came to nothing among them.' }) calls: number;
  @Field(() => Float) inputTokens: number;
  @Field(() => Float) cachedInputTokens: number;
  @Field(() => Float) outputTokens: number;
  @Field(() => Float) reasoningTokens: number;
  @Field(() => Float, { description: 'All four classes together.' }) totalTokens: number;
  @Field(() => Float, { description: 'Of all four classes, where the provider did not count and we did.' }) estimatedTokens: number;
  @Field(() => Float, { description: COST_DESCRIPTION }) costMicroUsd: number;
  @Field(() => Float, { description: 'Tokens of calls that came to nothing.' }) wastedTokens: number;
  @Field(() => Float, { description: `Of calls that came to nothing. ${COST_DESCRIPTION}` }) wastedCostMicroUsd: number;
  @Field(() => Float, { description: 'Replies with tokens whose model has no price: they cost nothing here.' }) unpricedReplies: number;
}

@ObjectType({ description: 'What replies consumed together.' })
export class UsageFigures extends Figures {}

@ObjectType({ description: 'What the replies of one group consumed. By what was not grouped is null.' })
export class UsageGroup extends Figures {
  @Field(() => String, { nullable: true, description: 'Its first minute, in UTC: 2025-01-31T13:00:00Z.' }) hour: string | null;
  @Field(() => String, { nullable: true, description: '2025-01-31, in UTC.' }) day: string | null;
  @Field(() => String, { nullable: true, description: 'Its Monday: 2025-01-27.' }) week: string | null;
  @Field(() => String, { nullable: true, description: '2025-01' }) month: string | null;
  @Field(() => ID, { nullable: true }) agentId: string | null;
  @Field(() => ID, { nullable: true }) personId: string | null;
  @Field(() => String, { nullable: true, description: 'Empty when no agent could answer.' }) provider: string | null;
  @Field(() => String, { nullable: true, description: 'Empty when no agent could answer.' }) model: string | null;
}

@ObjectType({ description: 'What replies consumed on some days: yours, or everyone’s where your role oversees the tenant.' })
export class Usage {
  @Field() fromDay: string;
  @Field() toDay: string;
  @Field(() => [UsageGroup], { description: 'In the order of the groups; only such as have replies.' }) groups: UsageGroup[];
  @Field(() => UsageFigures) total: UsageFigures;
}

@ObjectType({ description: 'A day (UTC), and what the people of the tenant did on it.' })
export class PeopleFigures {
  @Field() day: string;
  @Field(() => Int, { description: 'Who joined on it.' }) joined: number;
  @Field(() => Int, { description: 'Who had joined by its end.' }) people: number;
  @Field(() => Int, { description: 'Active on it.' }) dau: number;
  @Field(() => Int, { description: 'Active on it or one of the 6 days before.' }) wau: number;
  @Field(() => Int, { description: 'Active on it or one of the 29 days before.' }) mau: number;
  @Field(() => Int, { description: 'Conversations begun.' }) conversations: number;
  @Field(() => Int, { description: 'Messages that people sent.' }) messages: number;
  @Field(() => Int, { description: 'Replies asked for once more.' }) regenerations: number;
}

@ObjectType({ description: 'Of those who joined in a week or month, how many were active in a later one.' })
export class CohortFigures {
  @Field({ description: 'The first day of the week or month in which they joined.' }) cohort: string;
  @Field(() => Int, { description: 'Which week or month since; 0 is that one.' }) number: number;
  @Field(() => Int) cohortPeople: number;
  @Field(() => Int) activePeople: number;
}

@ObjectType({ description: 'Milliseconds that so many of a hundred did not exceed; at most 1/32 too low, never too high.' })
export class DurationFigures {
  @Field(() => Int, { nullable: true }) p50: number | null;
  @Field(() => Int, { nullable: true }) p90: number | null;
  @Field(() => Int, { nullable: true }) p95: number | null;
  @Field(() => Int, { nullable: true }) p99: number | null;
  @Field(() => Int, { nullable: true, description: 'Exact, to a whole millisecond.' }) mean: number | null;
}

@ObjectType({ description: 'How a model of a provider did, over all the days together.' })
export class ProviderFigures {
  @Field({ description: 'Empty when no agent could answer.' }) provider: string;
  @Field({ description: 'Empty when no agent could answer.' }) model: string;
  @Field(() => Int) replies: number;
  @Field(() => Int) completed: number;
  @Field(() => Int) stopped: number;
  @Field(() => Int) failed: number;
  @Field(() => Int) calls: number;
  @Field(() => Int, { description: 'Calls that came to nothing before the reply ended.' }) failedCalls: number;
  @Field(() => Float, { nullable: true, description: 'Completed of those that completed or failed.' }) successShare: number | null;
  @Field(() => DurationFigures, { description: 'From call to end, of completed replies.' }) latencyMs: DurationFigures;
  @Field(() => DurationFigures, { description: 'From call to first text.' }) firstTokenMs: DurationFigures;
}
