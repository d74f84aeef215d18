import { FAILURE_REASONS, FINISH_REASONS } from '@parley/kernel/metering.js';
import { Field, Int, ObjectType, registerEnumType } from '@nestjs/graphql';

/**
 * A GraphQL enum of words like `content-filter`: clients read `CONTENT_FILTER`, resolvers answer the word itself.
 *
 * @returns what `@Field(() => …)` takes
 */
export function enumOf<const Word extends string>(name: string, description: string, words: readonly Word[]): Record<string, Word> {
  const values = Object.fromEntries(words.map((word) => [word.toUpperCase().replaceAll('-', '_'), word]));
  registerEnumType(values, { name, description });
  return values;
}

export const FinishReasonEnum = enumOf('FinishReason', 'Why the model stopped, whatever its provider calls it.', FINISH_REASONS);
export const FailureReasonEnum = enumOf('FailureReason', 'Why a reply failed.', FAILURE_REASONS);

@ObjectType('TokenUsage', { description: 'Tokens by class, as the provider counted them. The classes do not overlap.' })
export class TokenUsageType {
  @Field(() => Int, { description: 'Input that was not cached.' }) inputTokens: number;
  @Field(() => Int, { description: 'Input that the provider had cached.' }) cachedInputTokens: number;
  @Field(() => Int, { description: 'Output without reasoning.' }) outputTokens: number;
  @Field(() => Int, { description: 'Output that the model thought and did not say.' }) reasoningTokens: number;
  @Field({ description: 'The provider did not count, so we did.' }) estimated: boolean;
}

/** The description of every cost: GraphQL's Int ends at 2 147 dollars. */
export const COST_DESCRIPTION = 'Cost in millionths of a US dollar, a whole number.';
