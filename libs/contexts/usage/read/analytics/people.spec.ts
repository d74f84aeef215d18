import { ConversationStarted, MessageSent, RegenerationRequested } from '@parley/chat/contract.js';
import type { Event } from '@parley/kernel/event.js';
import type { Databases } from '@parley/platform/postgres/databases.js';
import { PostgresProjector } from '@parley/platform/read-model/postgres.projector.js';
import { readModelSchema } from '@parley/platform/read-model/read-model.schema.js';
import { reportsPart } from '@parley/platform/read-model/reports.js';
import { specDatabases } from '@parley/platform/testing/database.js';
import { recorded } from '@parley/platform/testing/recorded.js';
import { MemberJoined } from '@parley/tenancy/contract.js';
import fc from 'fast-check';
import { usageProjections } from '../usage-projections.js';
import { usageReports } from './usage-reports.js';

const here = { storeId: '0190a000-0000-7000-8000-0000000000aa', epoch: 1 };
let databases: Databases;
beforeAll(async () => {
  databases = await specDatabases([readModelSchema, reportsPart('analytics', usageReports)]);
});
afterAll(() => databases.close());

const idOf = (number: number) => `0190a000-0000-7000-8000-${`${number}`.padStart(12, '0')}`;
const [tenantId, agentId, conversationId] = [idOf(1), idOf(2), idOf(3)];
const FIRST = Date.parse('2025-01-01T00:00:00Z');
const dayOf = (number: number) => new Date(FIRST + number * 86_400_000).toISOString().slice(0, 10);

/** Who did what, on which day after the first of January 2025. */
interface Doing {
  readonly person: number;
  readonly day: number;
  readonly what: 'joined' | 'started' | 'sent' | 'regenerated';
  readonly tenant?: string;
}

function factOf({ person, day, what, tenant = tenantId }: Doing, index: number): Event & { tenantId: string; stream: string } {
  const [personId, at] = [idOf(100 + person), `${dayOf(day)}T23:59:59.999Z`];
  const about = { conversationId, agentId, messageId: idOf(1_000 + index), replyId: idOf(2_000 + index) };
  const facts = {
    joined: () => MemberJoined({ tenantId: tenant, personId, role: 'member', joinedAt: at }),
    started: () => ConversationStarted({ conversationId, agentId, startedBy: personId, title: null, startedAt: at }),
    sent: () => MessageSent({ ...about, sentBy: personId, text: 'sealed', sentAt: at }),
    regenerated: () => RegenerationRequested({ ...about, replacesReplyId: idOf(4), requestedBy: personId, requestedAt: at }),
  };
  return { ...facts[what](), tenantId: tenant, stream: `spec.person-${tenant}.${person}` };
}

async function told(doings: readonly Doing[]): Promise<void> {
  await databases.owner.query('delete from parley.projection_checkpoints');
  const projector = await PostgresProjector.open(databases, here, usageProjections);
  await projector.publish();
  await projector.apply(recorded(doings.map(factOf)));
  expect(await projector.parked()).toEqual([]);
  await projector.close();
}

const ask = async <Row extends object>(sql: string) => (await databases.owner.query<Row>(sql)).rows;

describe('active people', () => {
  const doing = fc.record({ person: fc.nat(4), day: fc.nat(90), what: fc.constantFrom('started' as const, 'sent' as const, 'regenerated' as const) });

  it('of each day are those who did something on it, in 7 days, in 30: each counted once', () =>
    fc.assert(
      fc.asyncProperty(fc.array(doing, { minLength: 1, maxLength: 25 }), async (doings) => {
        await told(doings);
        const first = Math.min(...doings.map(({ day }) => day));
        const active = (day: number, days: number) => new Set(doings.filter((each) => each.day <= day && each.day > day - days).map(({ person }) => person)).size;
        const rows = await ask<{ day: string; dau: bigint; wau: bigint; mau: bigint }>(`select day, dau, wau, mau from analytics.active_people where day <= '${dayOf(130)}' order by day`);
        expect(rows).toEqual(Array.from({ length: 131 - first }, (_, index) => first + index).map((day) => ({ day: dayOf(day), dau: BigInt(active(day, 1)), wau: BigInt(active(day, 7)), mau: BigInt(active(day, 30)) })));
      }),
      { numRuns: 20 },
    ), 60_000);

  it('are told up to today, with days on which nobody came', async () => {
    await told([{ person: 1, day: 0, what: 'sent' }]);
    const [last] = await ask<{ day: string; today: string; dau: bigint }>(`select day, (now() at time zone 'UTC')::date as today, dau from analytics.active_people order by day desc limit 1`);
    expect(last).toMatchObject({ day: last!.today, dau: 0n });
  });

  it('of one tenant are not those of another', async () => {
    await told([{ person: 1, day: 0, what: 'sent' }, { person: 1, day: 0, what: 'sent', tenant: idOf(9) }]);
    expect(await ask(`select tenant_id, dau from analytics.active_people where day = '${dayOf(0)}' order by 1`)).toEqual([{ tenant_id: tenantId, dau: 1n }, { tenant_id: idOf(9), dau: 1n }]);
  });
});

describe('what people did', () => {
  it('is counted by day and agent, and by day and person', async () => {
    await told([{ person: 1, day: 0, what: 'started' }, { person: 1, day: 0, what: 'sent' }, { person: 1, day: 0, what: 'sent' }, { person: 2, day: 0, what: 'regenerated' }, { person: 1, day: 1, what: 'sent' }]);
    expect(await ask('select day, agent_id, active_people, conversations, messages, regenerations from analytics.conversations_daily order by day')).toEqual([
      { day: dayOf(0), agent_id: agentId, active_people: 2n, conversations: 1n, messages: 2n, regenerations: 1n },
      { day: dayOf(1), agent_id: agentId, active_people: 1n, conversations: 0n, messages: 1n, regenerations: 0n },
    ]);
    expect(await ask(`select day, person_id, agents, messages from analytics.people_daily where person_id = '${idOf(101)}' order by day`)).toEqual([
      { day: dayOf(0), person_id: idOf(101), agents: 1n, messages: 2n },
      { day: dayOf(1), person_id: idOf(101), agents: 1n, messages: 1n },
    ]);
  });
});

describe('retention', () => {
  it('says of those who joined in a week, or a month, how many came back in each since', async () => {
    // The first of January 2025 is a Wednesday: its week begins on the 30th of December. Day 5 is a Monday.
    await told([
      { person: 1, day: 0, what: 'joined' },
      { person: 2, day: 1, what: 'joined' },
      { person: 3, day: 6, what: 'joined' },
      { person: 1, day: 2, what: 'sent' },
      { person: 1, day: 3, what: 'sent' },
      { person: 2, day: 12, what: 'started' },
      { person: 1, day: 33, what: 'sent' },
    ]);
    const weeks = await ask(`select cohort, number, cohort_people, active_people, share::float8 as share from analytics.retention where period = 'week' and number <= 2 order by cohort, number`);
    expect(weeks).toEqual([
      { cohort: '2024-12-30', number: 0, cohort_people: 2n, active_people: 1n, share: 0.5 },
      { cohort: '2024-12-30', number: 1, cohort_people: 2n, active_people: 0n, share: 0 },
      { cohort: '2024-12-30', number: 2, cohort_people: 2n, active_people: 1n, share: 0.5 },
      { cohort: '2025-01-06', number: 0, cohort_people: 1n, active_people: 0n, share: 0 },
      { cohort: '2025-01-06', number: 1, cohort_people: 1n, active_people: 0n, share: 0 },
      { cohort: '2025-01-06', number: 2, cohort_people: 1n, active_people: 0n, share: 0 },
    ]);
    expect(await ask(`select cohort, number, cohort_people, active_people from analytics.retention where period = 'month' and number <= 1 order by number`)).toEqual([
      { cohort: '2025-01-01', number: 0, cohort_people: 3n, active_people: 2n },
      { cohort: '2025-01-01', number: 1, cohort_people: 3n, active_people: 1n },
    ]);
  });

  it('counts whoever joins once more from the first time', async () => {
    await told([{ person: 1, day: 0, what: 'joined' }, { person: 1, day: 40, what: 'joined' }]);
    expect(await ask('select joined_day from analytics.people')).toEqual([{ joined_day: dayOf(0) }]);
  });
});
