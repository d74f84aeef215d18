import { NO_USAGE } from '@parley/kernel/metering.js';
import * as fc from 'fast-check';
import { costMicroUsd, priceAt, priceFileSchema, priceVersion, type Price } from './price.js';

const price = (over: Partial<Price> = {}, by: Partial<Price['microUsdPerMillion']> = {}): Price => ({
  provider: 'openai',
  model: 'gpt-x',
  effectiveFrom: '2025-01-01',
  ...over,
  microUsdPerMillion: { input: 2_000_000, cachedInput: 500_000, output: 8_000_000, reasoning: 8_000_000, ...by },
});

describe('the price of a model', () => {
  const first = price();
  const second = price({ effectiveFrom: '2025-06-10' });

  it('is the one in force at the instant, to the day in UTC', () => {
    const at = (instant: string) => priceAt([second, first], 'openai', 'gpt-x', instant);
    expect(at('2024-12-31T23:59:59.999Z')).toBeUndefined();
    expect(at('2025-01-01T00:00:00.000Z')).toBe(first);
    expect(at('2025-06-09T23:59:59.999Z')).toBe(first);
    expect(at('2025-06-10T00:00:00.000Z')).toBe(second);
  });

  it('is its own before that of names like it, and of those the one most like it', () => {
    const any = price({ model: '*', effectiveFrom: '2025-03-01' });
    const like = price({ model: 'gpt-x*' });
    const at = (model: string) => priceAt([any, like, first], 'openai', model, '2025-04-01T00:00:00.000Z');
    expect(at('gpt-x')).toBe(first);
    expect(at('gpt-x-2025-01-01')).toBe(like);
    expect(at('gpt-y')).toBe(any);
  });

  it('is not that of another provider', () => {
    expect(priceAt([first], 'other', 'gpt-x', '2025-04-01T00:00:00.000Z')).toBeUndefined();
  });

  it('is named by the row that says it', () => {
    expect(priceVersion(first)).toBe('openai/gpt-x@2025-01-01');
  });
});

describe('the cost of a call', () => {
  it('counts each class by its own price', () => {
    const usage = { ...NO_USAGE, inputTokens: 100, cachedInputTokens: 200, outputTokens: 30, reasoningTokens: 5 };
    expect(costMicroUsd(price(), usage)).toBe(200 + 100 + 240 + 40);
  });

  it('is rounded once, half up, on the sum', () => {
    const cheap = price({}, { input: 400_000, output: 100_000 });
    expect(costMicroUsd(cheap, { ...NO_USAGE, inputTokens: 1 })).toBe(0);
    expect(costMicroUsd(cheap, { ...NO_USAGE, inputTokens: 1, outputTokens: 1 })).toBe(1);
    expect(costMicroUsd(cheap, { ...NO_USAGE, inputTokens: 2, outputTokens: 6 })).toBe(1);
  });

  it('is exact where a floating point number would not be', () => {
    const dear = price({}, { input: 999_999_999 });
    expect(costMicroUsd(dear, { ...NO_USAGE, inputTokens: 9_000_000_001 })).toBe(8_999_999_992_000);
  });

  it('never falls with more tokens, and is never off by more than a half', () => {
    const tokens = fc.nat(10_000_000);
    fc.assert(
      fc.property(tokens, tokens, tokens, tokens, (inputTokens, cachedInputTokens, outputTokens, reasoningTokens) => {
        const usage = { inputTokens, cachedInputTokens, outputTokens, reasoningTokens, estimated: false };
        const cost = costMicroUsd(price(), usage);
        const exact = inputTokens * 2 + cachedInputTokens * 0.5 + (outputTokens + reasoningTokens) * 8;
        expect(Number.isSafeInteger(cost)).toBe(true);
        expect(Math.abs(cost - exact)).toBeLessThanOrEqual(0.5);
        expect(costMicroUsd(price(), { ...usage, outputTokens: outputTokens + 1 })).toBeGreaterThan(cost);
      }),
    );
  });
});

describe('a price file', () => {
  it('says each price once', () => {
    expect(priceFileSchema.safeParse({ prices: [price(), price({ effectiveFrom: '2025-02-01' })] }).success).toBe(true);
    expect(priceFileSchema.safeParse({ prices: [price(), price()] }).error?.message).toContain('openai/gpt-x@2025-01-01 is there twice');
  });

  it('holds whole, positive figures and a star at the end alone', () => {
    for (const wrong of [price({}, { input: 0.5 }), price({}, { output: -1 }), price({ model: 'gpt-*-mini' }), price({ model: '' }), price({ effectiveFrom: '2025-13-01' })]) {
      expect(priceFileSchema.safeParse({ prices: [wrong] }).success).toBe(false);
    }
  });
});
