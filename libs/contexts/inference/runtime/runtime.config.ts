import { defineConfig, integer } from '@parley/platform/config/config.js';

export const runtimeConfig = defineConfig({
  PARLEY_RUNTIME_CONCURRENCY: integer(1, 10_000).default(200).describe('most replies that one worker makes at a time'),
  PARLEY_RUNTIME_LEASE_MS: integer(500, 600_000).default(5_000).describe('how long a worker has a reply without renewing: a dead one is replaced after it'),
  PARLEY_RUNTIME_RETRY_BUDGET_MS: integer(0, 600_000).default(15_000).describe('no other attempt begins later than this after the first'),
  PARLEY_RUNTIME_GENERATION_TIMEOUT_MS: integer(1_000, 3_600_000).default(600_000).describe('longest time of one attempt'),
  PARLEY_RUNTIME_DRAIN_MS: integer(0, 600_000).default(10_000).describe('how long a worker that stops goes on with what it has'),
});

/** The settings of one worker. */
export abstract class RuntimeSettings {
  /** Unique to this process and start. */
  abstract readonly workerId: string;
  abstract readonly concurrency: number;
  abstract readonly leaseMs: number;
  abstract readonly retryBudgetMs: number;
  abstract readonly generationTimeoutMs: number;
  abstract readonly drainMs: number;
}

/** @throws InvalidConfig */
export function readRuntimeSettings(): RuntimeSettings {
  const config = runtimeConfig.read();
  return {
    workerId: crypto.randomUUID(),
    concurrency: config.PARLEY_RUNTIME_CONCURRENCY,
    leaseMs: config.PARLEY_RUNTIME_LEASE_MS,
    retryBudgetMs: config.PARLEY_RUNTIME_RETRY_BUDGET_MS,
    generationTimeoutMs: config.PARLEY_RUNTIME_GENERATION_TIMEOUT_MS,
    drainMs: config.PARLEY_RUNTIME_DRAIN_MS,
  };
}
