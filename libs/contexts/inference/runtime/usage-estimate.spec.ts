import { NO_USAGE } from '@parley/kernel/metering.js';
import { usageOf } from './usage-estimate.js';

const reported = { inputTokens: 9, cachedInputTokens: 1, outputTokens: 3, reasoningTokens: 2, estimated: false };
const characters = { promptCharacters: 41, textCharacters: 20 };

describe('the usage of a call', () => {
  it('is what the provider reported', () => expect(usageOf({ reported, ...characters })).toBe(reported));
  it('is zero where the provider reported zero', () => expect(usageOf({ reported: NO_USAGE, ...characters })).toEqual(NO_USAGE));
  it('is nothing where nothing came back', () => expect(usageOf({ reported: null, promptCharacters: 4_000, textCharacters: 0 })).toEqual(NO_USAGE));
  it('is estimated, and says so, where text came back and no figures', () =>
    expect(usageOf({ reported: null, ...characters })).toEqual({ inputTokens: 11, cachedInputTokens: 0, outputTokens: 5, reasoningTokens: 0, estimated: true }));
  it('keeps the input that was reported at the beginning, and estimates the output', () =>
    expect(usageOf({ reported: { ...reported, estimated: true }, ...characters })).toEqual({ ...reported, outputTokens: 5, estimated: true }));
});
