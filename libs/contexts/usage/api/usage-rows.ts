import type { Dimension, UsageSums } from '../read/figures/sum-usage.query.js';
import { usageView } from './figures.views.js';
import type { Row } from './rest-answers.js';

const COLUMN = { agent: 'agentId', person: 'personId' } as const;

/** The groups as rows that hold what was grouped by, and the sums. */
export function usageRows(sums: UsageSums, groupBy: readonly Dimension[]): { readonly rows: readonly Row[]; readonly total: object } {
  const { groups, total } = usageView(sums);
  const asked = new Set<string>(groupBy.map((name) => (name in COLUMN ? COLUMN[name as keyof typeof COLUMN] : name)));
  const rows = groups.map((group) => Object.fromEntries(Object.entries(group).filter(([name]) => asked.has(name) || name in total)) as Row);
  return { rows: groupBy.length > 0 ? rows : [{ ...total }], total };
}
