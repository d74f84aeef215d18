import { defineReport } from '@parley/platform/read-model/reports.js';
import { activity } from '../activity/activity.projection.js';
import { usagePeople } from '../people/people.projection.js';
import { ACTIVITY, AGENT, TENANT } from './columns.js';

const TODAY = `(now() at time zone 'UTC')::date`;

export const conversationsDailyReport = defineReport({
  name: 'analytics.conversations_daily',
  about: 'One row for each day and agent that people did something with.',
  reads: [activity],
  sql: 'select tenant_id, day, agent_id, "rows" as active_people, conversations, messages, regenerations from usage.conversations_daily',
  columns: {
    ...TENANT,
    day: ['UTC day', 'When people did it'],
    ...AGENT,
    active_people: ['number', 'People who did something with the agent that day'],
    ...ACTIVITY,
  },
});

export const peopleDailyReport = defineReport({
  name: 'analytics.people_daily',
  about: 'One row for each day and person who was active on it.',
  reads: [activity],
  sql: 'select tenant_id, day, person_id, "rows" as agents, conversations, messages, regenerations from usage.people_daily',
  columns: {
    ...TENANT,
    day: ['UTC day', 'When the person was active'],
    person_id: ['id', 'Who was active'],
    agents: ['number', 'Agents that the person did something with'],
    ...ACTIVITY,
  },
});

export const peopleReport = defineReport({
  name: 'analytics.people',
  about: 'One row for each person who ever joined the tenant.',
  reads: [usagePeople],
  sql: 'select tenant_id, person_id, joined_at, joined_day from usage.people',
  columns: {
    ...TENANT,
    person_id: ['id', 'Who joined'],
    joined_at: ['UTC instant', 'When, the first time'],
    joined_day: ['UTC day', 'The day of joined_at'],
  },
});

/**
 * Whoever was active counts from that day on, for 7 days or for 30, or until active again, from when they count anew. So each day of
 * activity is one step up and one step down, and a day's figure is the sum of the steps up to it: nobody is counted twice.
 */
export const activePeopleReport = defineReport({
  name: 'analytics.active_people',
  about: 'One row for each day since the first activity of the tenant, up to today: how many people were active.',
  reads: [activity],
  sql: `
with days as (
  select tenant_id, day, lead(day) over (partition by tenant_id, person_id order by day) as next_day from usage.people_daily
), steps as (
  select tenant_id, day, 1 as daily, 1 as weekly, 1 as monthly, false as is_shown from days
  union all select tenant_id, day + 1, -1, 0, 0, false from days
  union all select tenant_id, least(next_day, day + 7), 0, -1, 0, false from days
  union all select tenant_id, least(next_day, day + 30), 0, 0, -1, false from days
  union all select tenant_id, generate_series(min(day), greatest(max(day), ${TODAY}), '1 day')::date, 0, 0, 0, true from days group by tenant_id
)
select tenant_id, day, (sum(sum(daily)) over up)::bigint as dau, (sum(sum(weekly)) over up)::bigint as wau, (sum(sum(monthly)) over up)::bigint as mau
from steps group by tenant_id, day having bool_or(is_shown) window up as (partition by tenant_id order by day)`,
  columns: {
    ...TENANT,
    day: ['UTC day', 'The last day of the 1, 7 or 30 days'],
    dau: ['number', 'People active on the day'],
    wau: ['number', 'People active on the day or one of the 6 days before'],
    mau: ['number', 'People active on the day or one of the 29 days before'],
  },
});

const PERIODS = `(values ('week'), ('month')) as unit(period)`;
const begin = (day: string) => `date_trunc(unit.period, ${day}::timestamp)::date`;

export const retentionReport = defineReport({
  name: 'analytics.retention',
  about: 'One row for each cohort and each week or month since it joined, the present one among them, which is not over.',
  reads: [usagePeople, activity],
  sql: `
with joined as (
  select p.tenant_id, unit.period, ${begin('p.joined_day')} as cohort, p.person_id from usage.people p cross join ${PERIODS}
), active as (
  select distinct d.tenant_id, unit.period, d.person_id, ${begin('d.day')} as at from usage.people_daily d cross join ${PERIODS}
), spans as (
  select tenant_id, period, cohort, count(*) as cohort_people,
    generate_series(cohort, date_trunc(period, greatest(${TODAY}, cohort)::timestamp), ('1 ' || period)::interval)::date as at
  from joined group by tenant_id, period, cohort
), back as (
  select j.tenant_id, j.period, j.cohort, a.at, count(*) as active_people from joined j join active a using (tenant_id, period, person_id) group by 1, 2, 3, 4
)
select tenant_id, period, cohort,
  case period when 'week' then (at - cohort) / 7 else (12 * (extract(year from at) - extract(year from cohort)) + extract(month from at) - extract(month from cohort))::int end as number,
  cohort_people, coalesce(active_people, 0) as active_people, coalesce(active_people, 0)::numeric / cohort_people as share
from spans left join back using (tenant_id, period, cohort, at)`,
  columns: {
    ...TENANT,
    period: ['name', 'week (from Monday) or month'],
    cohort: ['UTC day', 'First day of the week or month in which these people joined'],
    number: ['number', 'Which week or month: 0 is the one in which they joined'],
    cohort_people: ['number', 'People who joined then'],
    active_people: ['number', 'Those of them who were active in that week or month'],
    share: ['share from 0 to 1', 'active_people of cohort_people'],
  },
});
