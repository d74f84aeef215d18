import { tablePath } from '@parley/platform/read-model/table-path.js';
import { TenantReads } from '@parley/platform/read-model/tenant-reads.js';
import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import type { EntityManager } from 'typeorm';
import { ErrorsDailyRow } from '../rollups/errors-daily.rollup.js';
import { FirstTokensDailyRow, LatenciesDailyRow } from '../rollups/latencies-daily.rollup.js';
import { UsageDailyByAgentRow } from '../rollups/usage.rollups.js';
import { checkedDays, type Days } from './days.js';

/** Milliseconds that so many of a hundred did not exceed; null: there were none. */
export interface Durations {
  readonly p50: number | null;
  readonly p90: number | null;
  readonly p95: number | null;
  readonly p99: number | null;
  readonly mean: number | null;
}

/** How a model of a provider did on some days. */
export interface ProviderPerformance {
  readonly provider: string;
  readonly model: string;
  readonly replies: number;
  readonly completed: number;
  readonly stopped: number;
  readonly failed: number;
  readonly calls: number;
  readonly failedCalls: number;
  /** Completed of those that completed or failed; null: there were none. */
  readonly successShare: number | null;
  readonly latencyMs: Durations;
  readonly firstTokenMs: Durations;
}

/** How often each provider answered, and how fast: over all the days together, from counts and not from means of percentiles. @throws DaysInvalid */
export class FindProviderPerformance extends Query<readonly ProviderPerformance[]> {
  constructor(readonly tenantId: string, readonly days: Days) {
    super();
  }
}

type Counted = Omit<ProviderPerformance, 'successShare' | 'failedCalls' | 'latencyMs' | 'firstTokenMs'>;
type Named = Pick<ProviderPerformance, 'provider' | 'model'>;

@QueryHandler(FindProviderPerformance)
export class FindProviderPerformanceHandler implements IQueryHandler<FindProviderPerformance> {
  constructor(private readonly reads: TenantReads) {}

  async execute({ tenantId, days }: FindProviderPerformance): Promise<readonly ProviderPerformance[]> {
    const { fromDay, toDay } = checkedDays(days);
    const values = [tenantId, fromDay, toDay];
    const found = await this.reads.in(tenantId, async (manager) => ({
      counted: await manager.query<Counted[]>(
        `select provider, model, sum("rows")::int as replies, sum(completed)::int as completed, sum(stopped)::int as stopped, sum(failed)::int as failed, sum(calls)::int as calls
         from ${tablePath(manager, UsageDailyByAgentRow)} where ${ON_DAYS} group by 1, 2 order by 1, 2`,
        values,
      ),
      failedCalls: await manager.query<(Named & { failedCalls: number })[]>(
        `select provider, model, sum(failed_calls)::int as "failedCalls" from ${tablePath(manager, ErrorsDailyRow)} where ${ON_DAYS} group by 1, 2`,
        values,
      ),
      latencies: await durations(manager, LatenciesDailyRow, values),
      firstTokens: await durations(manager, FirstTokensDailyRow, values),
    }));
    const [latencies, firstTokens] = [byName(found.latencies), byName(found.firstTokens)];
    const failedCalls = byName(found.failedCalls);
    return found.counted.map((each) => {
      const ended = each.completed + each.failed;
      return {
        ...each,
        failedCalls: failedCalls.get(nameOf(each))?.failedCalls ?? 0,
        successShare: ended === 0 ? null : each.completed / ended,
        latencyMs: latencies.get(nameOf(each)) ?? NONE,
        firstTokenMs: firstTokens.get(nameOf(each)) ?? NONE,
      };
    });
  }
}

const ON_DAYS = 'tenant_id = $1 and day between $2 and $3';
const NONE: Durations = { p50: null, p90: null, p95: null, p99: null, mean: null };
const nameOf = ({ provider, model }: Named) => JSON.stringify([provider, model]);
const byName = <Row extends Named>(rows: readonly Row[]): ReadonlyMap<string, Row> => new Map(rows.map((row) => [nameOf(row), row]));

/** By nearest rank, from how many took how long. */
const durations = (manager: EntityManager, row: typeof LatenciesDailyRow | typeof FirstTokensDailyRow, values: unknown[]) =>
  manager.query<(Named & Durations)[]>(
    `with counts as (
        select provider, model, bucket_ms, sum("rows") as replies, sum(total_ms) as total_ms from ${tablePath(manager, row)} where ${ON_DAYS} group by 1, 2, 3
      ),
      ranked as (
        select *, sum(replies) over (partition by provider, model order by bucket_ms) as up_to, sum(replies) over (partition by provider, model) as of_all from counts
      )
    select provider, model, ${[50, 90, 95, 99].map((percent) => `min(bucket_ms) filter (where up_to * 100 >= of_all * ${percent}) as p${percent}`).join(', ')},
      round(sum(total_ms) / sum(replies))::int as mean
    from ranked group by 1, 2`,
    values,
  );
