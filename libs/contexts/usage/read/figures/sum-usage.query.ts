import { defineError } from '@parley/kernel/domain-error.js';
import { tablePath } from '@parley/platform/read-model/table-path.js';
import { TenantReads } from '@parley/platform/read-model/tenant-reads.js';
import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import { UsageDailyByAgentRow, UsageDailyRow, UsageHourlyRow } from '../rollups/usage.rollups.js';
import { personSeenBy, type UsageViewer } from '../replies/usage-viewer.js';
import { checkedDays, type Days, DAYS_BY_HOUR_MAX, DAYS_MAX } from './days.js';

export class UsageTooFine extends defineError('USAGE_TOO_FINE', 'invalid', 'These are more sums than one answer holds.', 'Ask for fewer days, group by less, or narrow it to an agent, a provider or a model.') {}

/** Most sums of one answer. */
export const SUMS_MAX = 10_000;

/** By what sums can be split, and how SQL says it. */
const DIMENSIONS = {
  hour: `to_char(day + make_interval(hours => hour), 'YYYY-MM-DD"T"HH24:00:00"Z"')`,
  day: 'day::text',
  week: `date_trunc('week', day)::date::text`,
  month: `to_char(day, 'YYYY-MM')`,
  agent: 'agent_id',
  person: 'person_id',
  provider: 'provider',
  model: 'model',
} as const;
export type Dimension = keyof typeof DIMENSIONS;
export const DIMENSION_NAMES = Object.keys(DIMENSIONS) as readonly Dimension[];

/** Sums of what replies consumed. */
const SUMS = {
  replies: '"rows"',
  completed: 'completed',
  stopped: 'stopped',
  failed: 'failed',
  calls: 'calls',
  inputTokens: 'input_tokens',
  cachedInputTokens: 'cached_input_tokens',
  outputTokens: 'output_tokens',
  reasoningTokens: 'reasoning_tokens',
  totalTokens: 'input_tokens + cached_input_tokens + output_tokens + reasoning_tokens',
  estimatedTokens: 'estimated_tokens',
  costMicroUsd: 'cost_micro_usd',
  wastedTokens: 'wasted_tokens',
  wastedCostMicroUsd: 'wasted_cost_micro_usd',
  unpricedReplies: 'unpriced',
} as const;
export type SumName = keyof typeof SUMS;
export const SUM_NAMES = Object.keys(SUMS) as readonly SumName[];
export type Sums = Readonly<Record<SumName, bigint>>;

/** One sum, with what it is of: what was not grouped by is not there. */
export type UsageGroup = Readonly<Partial<Record<Dimension, string>>> & { readonly sums: Sums };

export interface UsageSums {
  readonly days: Days;
  readonly groups: readonly UsageGroup[];
  readonly total: Sums;
}

export interface UsageFilter {
  readonly agentId?: string | null | undefined;
  /** Counts only for those who see everyone's. */
  readonly personId?: string | null | undefined;
  readonly provider?: string | null | undefined;
  readonly model?: string | null | undefined;
}

/**
 * What replies consumed on some days, split as asked, from sums that are kept: it costs the same however many replies there were.
 *
 * @throws DaysInvalid, UsageTooFine
 */
export class SumUsage extends Query<UsageSums> {
  constructor(readonly viewer: UsageViewer, readonly days: Days, readonly groupBy: readonly Dimension[], readonly filter: UsageFilter = {}) {
    super();
  }
}

@QueryHandler(SumUsage)
export class SumUsageHandler implements IQueryHandler<SumUsage> {
  constructor(private readonly reads: TenantReads) {}

  async execute({ viewer, days, groupBy, filter }: SumUsage): Promise<UsageSums> {
    const by = DIMENSION_NAMES.filter((name) => groupBy.includes(name));
    const { fromDay, toDay } = checkedDays(days, by.includes('hour') ? DAYS_BY_HOUR_MAX : DAYS_MAX);
    const { agentId, provider, model } = filter;
    const personId = personSeenBy(viewer) ?? filter.personId;
    const values: unknown[] = [viewer.tenantId, fromDay, toDay];
    const equal = Object.entries({ agent_id: agentId, person_id: personId, provider, model }).filter(([, value]) => value != null);
    const where = ['tenant_id = $1', 'day between $2 and $3', ...equal.map(([column, value]) => `${column} = $${values.push(value)}`)].join(' and ');
    const columns = [...by.map((name) => `${DIMENSIONS[name]} as "${name}"`), ...SUM_NAMES.map((name) => `coalesce(sum(${SUMS[name]}), 0)::bigint as "${name}"`)].join(', ');
    const grouped = by.map((_, index) => index + 1).join(', ');
    const rows = await this.reads.in(viewer.tenantId, (manager) => {
      const table = tablePath(manager, tableFor(by, personId != null));
      return manager.query<(Record<Dimension, string> & Record<SumName, bigint>)[]>(`select ${columns} from ${table} where ${where}${by.length > 0 ? ` group by ${grouped} order by ${grouped}` : ''} limit ${SUMS_MAX + 1}`, values);
    });
    if (rows.length > SUMS_MAX) throw new UsageTooFine({ max: SUMS_MAX });
    const groups = rows.map((row) => ({ ...Object.fromEntries(by.map((name) => [name, row[name]])), sums: sumsOf([row]) }));
    return { days: { fromDay, toDay }, groups: by.length > 0 ? groups : [], total: sumsOf(rows) };
  }
}

/** The table with the fewest rows that knows what is asked. */
function tableFor(by: readonly Dimension[], isOfPerson: boolean) {
  if (by.includes('hour')) return UsageHourlyRow;
  return isOfPerson || by.includes('person') ? UsageDailyRow : UsageDailyByAgentRow;
}

const sumsOf = (rows: readonly Readonly<Record<SumName, bigint>>[]): Sums =>
  Object.fromEntries(SUM_NAMES.map((name) => [name, rows.reduce((sum, row) => sum + row[name], 0n)])) as Sums;
