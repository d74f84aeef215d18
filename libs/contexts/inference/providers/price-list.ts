import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TokenUsage } from '@parley/kernel/metering.js';
import { InvalidConfig } from '@parley/platform/config/config.js';
import { OWN_FOLDER } from '@parley/platform/config/own-folder.js';
import { costMicroUsd, priceAt, priceFileSchema, priceVersion, type Price } from '../domain/price.js';

/** What a call costs, and which row of the price file says so. */
export interface Cost {
  readonly costMicroUsd: number;
  /** Null: the model has no price, and costs nothing. */
  readonly priceVersion: string | null;
}

/** The prices, read once. */
export class PriceList {
  constructor(readonly prices: readonly Price[]) {}

  /** @param instant ISO 8601 in UTC: that of the call, so that a later price changes nothing of it */
  costOf(provider: string, model: string, instant: string, usage: TokenUsage): Cost {
    const price = priceAt(this.prices, provider, model, instant);
    return price ? { costMicroUsd: costMicroUsd(price, usage), priceVersion: priceVersion(price) } : { costMicroUsd: 0, priceVersion: null };
  }
}

/**
 * @param path default: `data/prices.json` of this Parley
 * @throws InvalidConfig that says what is wrong with the file
 */
export function readPriceList(path: string = join(OWN_FOLDER, 'data', 'prices.json')): PriceList {
  try {
    return new PriceList(priceFileSchema.parse(JSON.parse(readFileSync(path, 'utf8'))).prices);
  } catch (error) {
    throw new InvalidConfig(`PARLEY_PRICES_FILE: ${path} is no price file: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}
