import { tablePath } from '@parley/platform/read-model/table-path.js';
import { TenantReads } from '@parley/platform/read-model/tenant-reads.js';
import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import { PeopleDailyRow } from '../activity/activity.rollups.js';
import { UsagePersonRow } from '../people/people.projection.js';
import { checkedDays, type Days } from './days.js';

/** A day, and what people did on it and up to it. */
export interface PeopleDay {
  readonly day: string;
  /** Who joined on the day. */
  readonly joined: number;
  /** Who had joined by its end. */
  readonly people: number;
  /** Who was active on it; on it or one of the 6 days before; on it or one of the 29 days before. */
  readonly dau: number;
  readonly wau: number;
  readonly mau: number;
  readonly conversations: number;
  readonly messages: number;
  readonly regenerations: number;
}

/** The people of a tenant day by day: how many there are, how many came, and what they did. Every day has a row. @throws DaysInvalid */
export class CountPeople extends Query<readonly PeopleDay[]> {
  constructor(readonly tenantId: string, readonly days: Days) {
    super();
  }
}

@QueryHandler(CountPeople)
export class CountPeopleHandler implements IQueryHandler<CountPeople> {
  constructor(private readonly reads: TenantReads) {}

  execute({ tenantId, days }: CountPeople): Promise<readonly PeopleDay[]> {
    const { fromDay, toDay } = checkedDays(days);
    return this.reads.in(tenantId, (manager) => {
      const [active, people] = [tablePath(manager, PeopleDailyRow), tablePath(manager, UsagePersonRow)];
      return manager.query<PeopleDay[]>(
        `with days as (select generate_series($2::date, $3::date, '1 day')::date as day),
          done as (
            select day, sum(conversations)::int as conversations, sum(messages)::int as messages, sum(regenerations)::int as regenerations
            from ${active} where tenant_id = $1 and day between $2 and $3 group by day
          ),
          -- Whoever was active counts from then on for 1, 7 or 30 days, or until active again: one step up and one down.
          own as (select day, lead(day) over (partition by person_id order by day) as next_day from ${active} where tenant_id = $1 and day between $2::date - 29 and $3),
          steps as (
            select day, 1 as daily, 1 as weekly, 1 as monthly from own
            union all select day + 1, -1, 0, 0 from own
            union all select least(next_day, day + 7), 0, -1, 0 from own
            union all select least(next_day, day + 30), 0, 0, -1 from own
            union all select day, 0, 0, 0 from days
          ),
          counted as (
            select day, (sum(sum(daily)) over up)::int as dau, (sum(sum(weekly)) over up)::int as wau, (sum(sum(monthly)) over up)::int as mau
            from steps group by day window up as (order by day)
          ),
          joins as (select greatest(joined_day, $2::date - 1) as day, count(*)::int as joined from ${people} where tenant_id = $1 and joined_day <= $3 group by 1),
          members as (
            select day, coalesce(joined, 0) as joined, (sum(coalesce(joined, 0)) over (order by day))::int as people
            from (select day from days union select day from joins) known left join joins using (day)
          )
        select day::text, joined, people, dau, wau, mau,
          coalesce(conversations, 0) as conversations, coalesce(messages, 0) as messages, coalesce(regenerations, 0) as regenerations
        from days join counted using (day) join members using (day) left join done using (day) order by day`,
        [tenantId, fromDay, toDay],
      );
    });
  }
}
