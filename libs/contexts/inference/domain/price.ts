import type { TokenUsage } from '@parley/kernel/metering.js';
import { z } from 'zod';

/** Integer millionths of a US dollar for a million tokens: 150_000 is 15 cents a million. */
const microUsdPerMillion = z.int().nonnegative();

const priceSchema = z.strictObject({
  provider: z.string().min(1),
  /** A model's name, or the beginning of names: `gpt-4o-mini*`. */
  model: z.string().regex(/^[^*]*\*?$/, 'only the end may be a *').min(1),
  /** First day of the price, from midnight UTC. It ends where a later one for the same model begins. */
  effectiveFrom: z.iso.date(),
  microUsdPerMillion: z.strictObject({
    input: microUsdPerMillion,
    cachedInput: microUsdPerMillion,
    output: microUsdPerMillion,
    reasoning: microUsdPerMillion,
  }),
  /** Where the figures are from. */
  source: z.string().optional(),
});

/** What a provider asks for a model's tokens from a day on. */
export type Price = Readonly<z.output<typeof priceSchema>>;

/** The price file. Rows are added and never changed, for a fact names the row that made its cost. */
export const priceFileSchema = z.strictObject({
  prices: z.array(priceSchema).superRefine((prices, context) => {
    const versions = prices.map(priceVersion);
    versions.forEach((version, index) => {
      if (versions.indexOf(version) !== index) context.addIssue({ code: 'custom', message: `${version} is there twice`, path: [index] });
    });
  }),
});

/** The name of a price row, as facts keep it, e.g. `openai/gpt-4o-mini@2024-07-18`. */
export const priceVersion = ({ provider, model, effectiveFrom }: Price): string => `${provider}/${model}@${effectiveFrom}`;

/**
 * The price of a model at an instant: of the rows that name it most exactly, the latest that is in force.
 *
 * @param instant ISO 8601 in UTC
 */
export function priceAt(prices: readonly Price[], provider: string, model: string, instant: string): Price | undefined {
  const day = instant.slice(0, 10);
  return prices
    .filter((price) => price.provider === provider && names(price.model, model) && price.effectiveFrom <= day)
    .reduce<Price | undefined>((best, price) => (best === undefined || isBetter(price, best) ? price : best), undefined);
}

/** @returns integer micro-USD, rounded half up once, on the sum */
export function costMicroUsd({ microUsdPerMillion: by }: Price, usage: TokenUsage): number {
  const sum =
    BigInt(usage.inputTokens) * BigInt(by.input) +
    BigInt(usage.cachedInputTokens) * BigInt(by.cachedInput) +
    BigInt(usage.outputTokens) * BigInt(by.output) +
    BigInt(usage.reasoningTokens) * BigInt(by.reasoning);
  return Number((sum + MILLION / 2n) / MILLION);
}

const MILLION = 1_000_000n;

const names = (pattern: string, model: string) => (pattern.endsWith('*') ? model.startsWith(pattern.slice(0, -1)) : pattern === model);

function isBetter(price: Price, than: Price): boolean {
  const [exact, other] = [exactness(price.model), exactness(than.model)];
  return exact === other ? price.effectiveFrom > than.effectiveFrom : exact > other;
}

/** A whole name outweighs every beginning; of beginnings the longer. */
const exactness = (pattern: string) => (pattern.endsWith('*') ? pattern.length : Number.POSITIVE_INFINITY);
