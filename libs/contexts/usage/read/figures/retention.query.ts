import { tablePath } from '@parley/platform/read-model/table-path.js';
import { TenantReads } from '@parley/platform/read-model/tenant-reads.js';
import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import { PeopleDailyRow } from '../activity/activity.rollups.js';
import { UsagePersonRow } from '../people/people.projection.js';
import { checkedDays, type Days } from './days.js';

export type CohortPeriod = 'week' | 'month';

/** Of those who joined in a week or month, how many were active in a later one. */
export interface CohortActivity {
  /** The first day of the week or month in which they joined. */
  readonly cohort: string;
  /** Which week or month since: 0 is that one. */
  readonly number: number;
  readonly cohortPeople: number;
  readonly activePeople: number;
}

/** Retention of those who joined on some days, by the week or month. @throws DaysInvalid */
export class FindRetention extends Query<readonly CohortActivity[]> {
  constructor(readonly tenantId: string, readonly days: Days, readonly period: CohortPeriod) {
    super();
  }
}

/** How many periods lie between two of their first days. */
const NUMBER = {
  week: '((active.at - joined.cohort) / 7)',
  month: '((extract(year from active.at) - extract(year from joined.cohort)) * 12 + extract(month from active.at) - extract(month from joined.cohort))',
} as const;

@QueryHandler(FindRetention)
export class FindRetentionHandler implements IQueryHandler<FindRetention> {
  constructor(private readonly reads: TenantReads) {}

  execute({ tenantId, days, period }: FindRetention): Promise<readonly CohortActivity[]> {
    const { fromDay, toDay } = checkedDays(days);
    return this.reads.in(tenantId, (manager) =>
      manager.query<CohortActivity[]>(
        `with joined as (
            select person_id, date_trunc('${period}', joined_day)::date as cohort from ${tablePath(manager, UsagePersonRow)} where tenant_id = $1 and joined_day between $2 and $3
          ),
          sizes as (select cohort, count(*)::int as people from joined group by cohort),
          active as (select distinct person_id, date_trunc('${period}', day)::date as at from ${tablePath(manager, PeopleDailyRow)} where tenant_id = $1 and day >= $2)
        select joined.cohort::text as cohort, ${NUMBER[period]}::int as number, sizes.people as "cohortPeople", count(*)::int as "activePeople"
        from joined join sizes using (cohort) join active using (person_id) where active.at >= joined.cohort
        group by joined.cohort, 2, sizes.people order by 1, 2`,
        [tenantId, fromDay, toDay],
      ),
    );
  }
}
