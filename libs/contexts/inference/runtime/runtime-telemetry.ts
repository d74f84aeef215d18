import { HealthChecks, type HealthResult } from '@parley/platform/health/health-checks.js';
import { logger } from '@parley/platform/telemetry/logger.js';
import { Metrics } from '@parley/platform/telemetry/metrics.js';
import { Injectable, Optional } from '@nestjs/common';
import { Providers } from '../providers/provider.js';
import type { Settlement } from './generation-streams.js';

const log = logger('runtime');

/** In seconds: a model's first text takes from a tenth of a second to half a minute, a reply up to minutes. */
const BUCKETS = [0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60, 120, 300];

/** What a worker tells those who watch over it: a line, counts and times for each reply, and how it is. Metrics and health where the process has them. */
@Injectable()
export class RuntimeTelemetry {
  private readonly ended;
  private readonly firstText;
  private readonly whole;

  constructor(private readonly providers: Providers, @Optional() private readonly metrics?: Metrics, @Optional() private readonly health?: HealthChecks) {
    this.ended = metrics?.counter('parley_generations_total', 'Replies by how they ended', ['outcome', 'provider', 'reason']);
    this.firstText = metrics?.seconds('parley_generation_first_text_seconds', 'From the start of the attempt to its first text', ['provider'], BUCKETS);
    metrics?.gauge('parley_breakers_open', 'Models of a provider that are not asked at present, because they did not answer.', ['provider'], () =>
      providers.list().map((provider) => ({ labels: { provider }, value: providers.get(provider)?.openBreakers?.() ?? 0 })));
    this.whole = metrics?.seconds('parley_generation_seconds', 'From the start of the attempt to its end', ['provider'], BUCKETS);
  }

  /** @param underWay how many replies the worker is making. @param check whether it follows the log */
  watch(underWay: () => number, check: () => HealthResult): void {
    this.metrics?.gauge('parley_generations_under_way', 'Replies being made', [], () => [{ value: underWay() }]);
    this.health?.add({ name: 'runtime', check: async () => check() });
  }

  /** The reply ended, as it is stored. */
  settled({ type, data }: Settlement): void {
    const { replyId, conversationId, provider, model, attempt, usage, costMicroUsd, firstTokenMs, latencyMs } = data;
    const [outcome, reason] = endOf({ type, data } as Settlement);
    const { inputTokens, cachedInputTokens, outputTokens, reasoningTokens } = usage;
    const tokens = { inputTokens, cachedInputTokens, outputTokens, reasoningTokens };
    log.info(`generation.${outcome}`, { replyId, conversationId, provider, model, attempt, ...tokens, costMicroUsd, firstTokenMs, duration_ms: latencyMs, reason });
    const known = this.providers.get(provider)?.name ?? 'unknown'; // an agent may name any; a label must be one of ours
    this.ended?.inc({ outcome, provider: known, reason });
    if (firstTokenMs !== null) this.firstText?.observe({ provider: known }, firstTokenMs / 1_000);
    this.whole?.observe({ provider: known }, latencyMs / 1_000);
  }
}

function endOf({ type, data }: Settlement): readonly [outcome: string, reason: string] {
  switch (type) {
    case 'GenerationCompleted':
      return ['completed', data.finishReason];
    case 'GenerationStopped':
      return ['stopped', 'person'];
    case 'GenerationFailed':
      return ['failed', data.failureReason];
  }
}
