import { NO_USAGE, type TokenUsage } from '@parley/kernel/metering.js';

/** What is known of a call, however it ended. */
export interface CallFigures {
  /** What the provider said last; marked as estimated where that was before the end. */
  readonly reported: TokenUsage | null;
  /** UTF-16 code units. */
  readonly promptCharacters: number;
  readonly textCharacters: number;
}

/** English text has about four characters a token; others have fewer, so we count too little for them rather than too much. */
const CHARACTERS_PER_TOKEN = 4;

/**
 * The usage of a call. What the provider reported counts, a zero too; what it did not is estimated from what came back. Where
 * nothing came back and nothing was reported, nothing is counted: a refused call costs nobody anything.
 */
export function usageOf({ reported, promptCharacters, textCharacters }: CallFigures): TokenUsage {
  if (reported && !reported.estimated) return reported;
  const outputTokens = tokensIn(textCharacters);
  if (reported) return { ...reported, outputTokens: Math.max(reported.outputTokens, outputTokens) };
  if (textCharacters === 0) return NO_USAGE;
  return { inputTokens: tokensIn(promptCharacters), cachedInputTokens: 0, outputTokens, reasoningTokens: 0, estimated: true };
}

const tokensIn = (characters: number) => Math.ceil(characters / CHARACTERS_PER_TOKEN);
