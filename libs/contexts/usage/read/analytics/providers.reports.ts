import { defineReport } from '@parley/platform/read-model/reports.js';
import { usageReplies } from '../replies/replies.projection.js';
import { DAY, MODEL, SUMS, TENANT } from './columns.js';

const reads = [usageReplies];

/** Sums, errors and durations, one below the other, so that a question for some days reads those days alone. */
const PARTS = `
  select tenant_id, day, provider, model, 'usage' as part, "rows" as replies, completed, stopped, failed, calls, 0::bigint as failed_calls,
    null::int as bucket_ms, null::numeric as up_to, null::numeric as of_all, null::bigint as counted, null::bigint as total_ms
  from usage.usage_daily_by_agent
  union all
  select tenant_id, day, provider, model, 'errors', 0, 0, 0, 0, 0, failed_calls, null, null, null, null, null from usage.errors_daily
  ${['latency', 'first_token'].map((part) => `union all
  select tenant_id, day, provider, model, '${part}', 0, 0, 0, 0, 0, 0, bucket_ms, sum("rows") over up, sum("rows") over (partition by tenant_id, day, provider, model), "rows", total_ms
  from usage.${part === 'latency' ? 'latencies_daily' : 'first_tokens_daily'} window up as (partition by tenant_id, day, provider, model order by bucket_ms)`).join('\n  ')}`;

const percentile = (part: string, percent: number) => `min(bucket_ms) filter (where part = '${part}' and 100 * up_to >= ${percent} * of_all) as ${part}_p${percent}_ms`;
const mean = (part: string) => `round(sum(total_ms) filter (where part = '${part}') / sum(counted) filter (where part = '${part}'))::bigint as ${part}_mean_ms`;

const duration = (what: string, part: string) =>
  ({
    [`${part}_p50_ms`]: ['ms', `Half of the ${what} took no longer; at most 1/32 too low`],
    [`${part}_p90_ms`]: ['ms', `90 of 100 ${what} took no longer; at most 1/32 too low`],
    [`${part}_p95_ms`]: ['ms', `95 of 100 ${what} took no longer; at most 1/32 too low`],
    [`${part}_p99_ms`]: ['ms', `99 of 100 ${what} took no longer; at most 1/32 too low`],
    [`${part}_mean_ms`]: ['ms', `Mean of the ${what}, exact, rounded to a whole ms`],
  }) as const satisfies Record<string, readonly ['ms', string]>;

export const providersPerformanceReport = defineReport({
  name: 'analytics.providers_performance',
  about: 'One row for each day, provider and model: how often it answered, and how fast.',
  reads,
  sql: `
select tenant_id, day, provider, model, sum(replies)::bigint as replies, sum(completed)::bigint as completed, sum(stopped)::bigint as stopped, sum(failed)::bigint as failed,
  sum(calls)::bigint as calls, sum(failed_calls)::bigint as failed_calls, sum(completed)::numeric / nullif(sum(completed) + sum(failed), 0) as success_share,
  ${['latency', 'first_token'].map((part) => [...[50, 90, 95, 99].map((percent) => percentile(part, percent)), mean(part)].join(', ')).join(',\n  ')}
from (${PARTS}) parts
group by tenant_id, day, provider, model`,
  columns: {
    ...TENANT,
    ...DAY,
    ...MODEL,
    replies: SUMS.replies,
    completed: SUMS.completed,
    stopped: SUMS.stopped,
    failed: SUMS.failed,
    calls: SUMS.calls,
    failed_calls: ['number', 'Calls that came to nothing that day before the reply ended'],
    success_share: ['share from 0 to 1', 'Completed of those that completed or failed; null when there are none'],
    ...duration('completed replies, from call to end,', 'latency'),
    ...duration('first tokens, from the start of the call,', 'first_token'),
  },
});

const buckets = (name: string, what: string) =>
  defineReport({
    name: `analytics.${name}`,
    about: `One row for each day, provider, model and duration: ${what}. Percentiles of any stretch of days follow from these counts.`,
    reads,
    sql: `select tenant_id, day, provider, model, bucket_ms, "rows" as replies, total_ms from usage.${name}`,
    columns: {
      ...TENANT,
      ...DAY,
      ...MODEL,
      bucket_ms: ['ms', 'The shortest duration that is counted here; the longest is less than 1/32 above it'],
      replies: ['number', 'Replies that took so long'],
      total_ms: ['ms', 'Their true durations together'],
    },
  });

export const latenciesDailyReport = buckets('latencies_daily', 'how many completed replies took so long from call to end');
export const firstTokensDailyReport = buckets('first_tokens_daily', 'after how long so many replies had their first token');
