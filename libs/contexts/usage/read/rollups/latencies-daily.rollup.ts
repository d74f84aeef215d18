import { defineRollup } from '@parley/kernel/rollup.js';
import { SummedRow } from '@parley/platform/read-model/tenant-row.js';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { UsageRow } from '../replies/replies.row.js';

/**
 * How long it took, as counts: `rows` of the day (UTC) took between `bucketMs` and the next bucket. Percentiles of any stretch of days
 * are in such counts; percentiles of percentiles would be none.
 */
abstract class Durations extends SummedRow {
  @PrimaryColumn('date') day: string;
  @PrimaryColumn('text') provider: string;
  @PrimaryColumn('text') model: string;
  /** The shortest duration that counts here, ms. The longest is less than 1/32 above it. */
  @PrimaryColumn('int') bucketMs: number;
  /** Of the true durations, for a true mean. */
  @Column('bigint') totalMs: bigint;
}

/** One row for a day (UTC), a provider, a model and a duration: how many completed replies took so long from call to end. */
@Entity({ schema: 'usage', name: 'latencies_daily' })
export class LatenciesDailyRow extends Durations {}

/** One row for a day (UTC), a provider, a model and a duration: after how long so many replies had their first token. */
@Entity({ schema: 'usage', name: 'first_tokens_daily' })
export class FirstTokensDailyRow extends Durations {}

type DurationKey = 'day' | 'provider' | 'model' | 'bucketMs';

/** How many completed replies of a day (UTC), a provider and a model took how long. */
export const latenciesDaily = defineRollup<UsageRow, LatenciesDailyRow, DurationKey>({
  name: 'usage.latencies_daily',
  row: LatenciesDailyRow,
  adds: (reply) => (reply.status === 'completed' ? took(reply, reply.latencyMs) : []),
});

/** After how long how many replies of a day (UTC), a provider and a model had their first token. */
export const firstTokensDaily = defineRollup<UsageRow, FirstTokensDailyRow, DurationKey>({
  name: 'usage.first_tokens_daily',
  row: FirstTokensDailyRow,
  adds: (reply) => took(reply, reply.firstTokenMs),
});

function took({ day, provider, model }: UsageRow, ms: number | null) {
  return ms === null ? [] : [{ key: { day, provider, model, bucketMs: bucketOf(ms) }, sums: { totalMs: ms } }];
}

/** Each octave in 32 steps: exact up to 64 ms, then never more than 1/32 too low. @param ms whole, not negative */
export const bucketOf = (ms: number): number => {
  const step = 2 ** Math.max(0, Math.floor(Math.log2(ms || 1)) - 5);
  return Math.floor(ms / step) * step;
};
