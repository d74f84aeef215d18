import { z } from 'zod';

const count = z.int().nonnegative();

/**
 * Tokens by class, as the provider counted them. The classes do not overlap: cached input is not in `inputTokens`, reasoning is not
 * in `outputTokens`, so each class has its own price and the sum is the sum.
 */
export const tokenUsage = z.object({
  inputTokens: count,
  cachedInputTokens: count,
  outputTokens: count,
  reasoningTokens: count,
  /** True when the provider did not say and we counted: such figures are kept apart from reported ones. */
  estimated: z.boolean(),
});
export type TokenUsage = Readonly<z.output<typeof tokenUsage>>;

export const NO_USAGE: TokenUsage = { inputTokens: 0, cachedInputTokens: 0, outputTokens: 0, reasoningTokens: 0, estimated: false };

/** Integer millionths of a US dollar. */
export const microUsd = z.int().nonnegative();

/** How a reply ended. `stopped`: a person wanted no more of it. Only a reply with a finish reason is ever `completed`. */
export const OUTCOMES = ['completed', 'stopped', 'failed'] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** Why the model stopped, in our words whatever the provider's. */
export const FINISH_REASONS = ['stop', 'length', 'content-filter', 'tool-calls', 'other'] as const;
export type FinishReason = (typeof FINISH_REASONS)[number];

/** Why a generation failed, stable for programs. */
export const FAILURE_REASONS = [
  'provider-rate-limited',
  'provider-unavailable',
  'provider-refused',
  'provider-timeout',
  'stream-cut',
  'stream-stalled',
  'stream-invalid',
  'worker-lost',
  'agent-unavailable',
  'internal',
] as const;
export type FailureReason = (typeof FAILURE_REASONS)[number];
