import type { SumName, Sums, UsageGroup as Group, UsageSums } from '../read/figures/sum-usage.query.js';
import type { Usage, UsageGroup } from './figures.types.js';

/** Sums as numbers: what is below 2^53 micro-dollars (nine thousand million dollars) is exact. */
const numbers = (sums: Sums) => Object.fromEntries(Object.entries(sums).map(([name, value]) => [name, Number(value)])) as Record<SumName, number>;

const groupView = ({ sums, agent, person, hour, day, week, month, provider, model }: Group): UsageGroup => ({
  hour: hour ?? null,
  day: day ?? null,
  week: week ?? null,
  month: month ?? null,
  agentId: agent ?? null,
  personId: person ?? null,
  provider: provider ?? null,
  model: model ?? null,
  ...numbers(sums),
});

/** Usage as GraphQL and REST show it. */
export const usageView = ({ days, groups, total }: UsageSums): Usage => ({ ...days, groups: groups.map(groupView), total: numbers(total) });
