import { ConversationStarted, MessageSent, RegenerationRequested } from '@parley/chat/contract.js';
import { AttemptFailed, AttemptStarted, GenerationCompleted, GenerationFailed, GenerationStarted, GenerationStopped } from '@parley/inference/contract.js';
import type { Role } from '@parley/kernel/meta.js';
import { reportsPart } from '@parley/platform/read-model/reports.js';
import { meta, personId, tenantId } from '@parley/platform/testing/meta.js';
import { ReadSide } from '@parley/platform/testing/read-side.js';
import { MemberJoined } from '@parley/tenancy/contract.js';
import { usageReports } from '../analytics/usage-reports.js';
import { usageProjections } from '../usage-projections.js';
import type { Days } from './days.js';
import { CountPeople, CountPeopleHandler } from './people-figures.query.js';
import { FindProviderPerformance, FindProviderPerformanceHandler } from './provider-performance.query.js';
import { ReportRows, type ReportRow } from './report-rows.js';
import { FindRetention, FindRetentionHandler } from './retention.query.js';
import { type Dimension, SumUsage, SumUsageHandler, type UsageFilter } from './sum-usage.query.js';

const definitions = { GenerationStarted, AttemptStarted, AttemptFailed, GenerationCompleted, GenerationStopped, GenerationFailed, ConversationStarted, MessageSent, RegenerationRequested, MemberJoined };
const [agent, otherAgent, someoneElse, otherTenant] = [1, 2, 3, 4].map((number) => `0190a000-0000-7000-8000-00000000010${number}`) as [string, string, string, string];
const usage = { inputTokens: 10, cachedInputTokens: 2, outputTokens: 5, reasoningTokens: 1, estimated: false };
const january = { fromDay: '2025-01-01', toDay: '2025-01-31' };

interface Made {
  readonly at: string;
  readonly by?: string;
  readonly of?: string;
  readonly agentId?: string;
  readonly model?: string;
  readonly latencyMs?: number;
  readonly isFailed?: boolean;
}

let side: ReadSide;
async function made({ at, by = personId, of = tenantId, agentId = agent, model = 'sim-1', latencyMs = 40, isFailed = false }: Made): Promise<void> {
  const replyId = crypto.randomUUID();
  const about = { replyId, conversationId: crypto.randomUUID(), messageId: crypto.randomUUID(), personId: by, agentId, promptVersion: 1, provider: 'simulator', model, temperature: null, maxOutputTokens: null };
  const result = { ...about, attempt: 1, text: 'Hi!', usage, providerUsage: null, costMicroUsd: 3_000_000_000, priceVersion: 'spec', firstTokenMs: 4, latencyMs, settledAt: at };
  const end = isFailed ? GenerationFailed({ ...result, failureReason: 'stream-cut', providerError: null }) : GenerationCompleted({ ...result, finishReason: 'stop' });
  const attempt = AttemptStarted({ replyId, attempt: 1, workerId: 'w', promptHash: 'h', messages: 1, startedAt: at });
  await side.record(`inference.generation-${of}.${replyId}`, [GenerationStarted({ ...about, startedAt: at }), attempt, end], definitions, { ...meta, tenantId: of });
}

async function did(at: string, by = personId, of = tenantId): Promise<void> {
  const conversationId = crypto.randomUUID();
  const sent = MessageSent({ conversationId, messageId: crypto.randomUUID(), replyId: crypto.randomUUID(), agentId: agent, sentBy: by, text: 'Hello', sentAt: at });
  await side.record(`chat.conversation-${of}.${conversationId}`, [ConversationStarted({ conversationId, agentId: agent, startedBy: by, title: null, startedAt: at }), sent], definitions, { ...meta, tenantId: of });
}

beforeAll(async () => {
  side = await ReadSide.open(usageProjections, [reportsPart('analytics', usageReports)]);
  for (const [who, day, of = tenantId] of [[personId, '2024-12-31'], [someoneElse, '2025-01-10'], [otherTenant, '2025-01-02', otherTenant]] as const) {
    await side.record(`tenancy.tenant-${of}.${of}`, [MemberJoined({ tenantId: of, personId: who, role: 'member', joinedAt: `${day}T10:00:00.000Z` })], definitions, { ...meta, tenantId: of });
  }
  await made({ at: '2025-01-01T23:59:59.999Z' });
  await made({ at: '2025-01-02T00:00:00.000Z', model: 'sim-2', latencyMs: 640 });
  await made({ at: '2025-01-02T13:30:00.000Z', by: someoneElse, agentId: otherAgent, isFailed: true });
  await made({ at: '2025-02-01T00:00:00.000Z' });
  await made({ at: '2025-01-02T00:00:00.000Z', of: otherTenant });
  await did('2024-12-05T12:00:00.000Z');
  await did('2025-01-02T12:00:00.000Z');
  await did('2025-01-10T12:00:00.000Z', someoneElse);
  await did('2025-01-10T12:00:00.000Z', personId, otherTenant);
}, 60_000);
afterAll(() => side.close());

const viewer = (role: Role = 'analyst') => ({ tenantId, personId, role });

interface Asked {
  readonly role?: Role;
  readonly filter?: UsageFilter;
  readonly days?: Days;
}

const sum = (groupBy: readonly Dimension[], { role = 'analyst', filter = {}, days = january }: Asked = {}) => new SumUsageHandler(side.reads).execute(new SumUsage(viewer(role), days, groupBy, filter));
const shown = async (...asked: Parameters<typeof sum>) => (await sum(...asked)).groups.map(({ sums, ...of }) => [...Object.values(of), Number(sums.replies)]);

describe('usage', () => {
  it.each<[Dimension[], unknown[]]>([
    [['day'], [['2025-01-01', 1], ['2025-01-02', 2]]],
    [['week'], [['2024-12-30', 3]]],
    [['month', 'model'], [['2025-01', 'sim-1', 2], ['2025-01', 'sim-2', 1]]],
    [['hour'], [['2025-01-01T23:00:00Z', 1], ['2025-01-02T00:00:00Z', 1], ['2025-01-02T13:00:00Z', 1]]],
    [['agent'], [[agent, 2], [otherAgent, 1]]],
    [['person'], [[personId, 2], [someoneElse, 1]].sort()],
    [['day', 'person', 'provider'], [['2025-01-01', personId, 'simulator', 1], ['2025-01-02', personId, 'simulator', 1], ['2025-01-02', someoneElse, 'simulator', 1]]],
  ])('is split by %j', async (groupBy, groups) => expect((await shown(groupBy)).sort()).toEqual(groups));

  it('has a total of every group, to the micro-dollar', async () => {
    const { groups, total } = await sum(['day', 'model']);
    expect(total).toMatchObject({ replies: 3n, completed: 2n, failed: 1n, inputTokens: 30n, totalTokens: 54n, costMicroUsd: 9_000_000_000n });
    expect(groups.reduce((all, { sums }) => all + sums.costMicroUsd, 0n)).toBe(total.costMicroUsd);
  });

  it('is the total alone when it is not split, and nothing where nothing was used', async () => {
    expect(await sum([])).toMatchObject({ groups: [], total: { replies: 3n } });
    expect(await sum([], { days: { fromDay: '2020-01-01', toDay: '2020-01-01' } })).toMatchObject({ groups: [], total: { replies: 0n, costMicroUsd: 0n } });
  });

  it('can be narrowed', async () => {
    for (const filter of [{ agentId: otherAgent }, { personId: someoneElse }, { model: 'sim-2' }]) expect((await sum([], { filter })).total.replies).toBe(1n);
    expect((await sum(['hour'], { filter: { personId: someoneElse } })).total.replies).toBe(1n);
  });

  it("shows a member their own alone, whoever's they ask for", async () => {
    for (const filter of [{}, { personId: someoneElse }]) expect(await shown(['person'], { role: 'member', filter })).toEqual([[personId, 2]]);
  });

  it.each([['2025-01-02', '2025-01-01'], ['2025-02-30', '2025-03-01'], ['2025-1-1', '2025-01-02'], ['', ''], ["2025-01-01'", '2025-01-02'], ['1990-01-01', '2025-01-01'], ['0000-01-01', '0000-01-02']])('is refused for the days %j to %j', (fromDay, toDay) =>
    expect(sum([], { days: { fromDay, toDay } })).rejects.toMatchObject({ code: 'USAGE_DAYS_INVALID' }));

  it('by the hour is told for two months at most', () => expect(sum(['hour'], { days: { fromDay: '2025-01-01', toDay: '2025-03-31' } })).rejects.toMatchObject({ code: 'USAGE_DAYS_INVALID', details: { maxDays: 62 } }));
});

describe('the people of a tenant', () => {
  const people = (fromDay: string, toDay: string) => new CountPeopleHandler(side.reads).execute(new CountPeople(tenantId, { fromDay, toDay }));

  it('are counted day by day, each once', async () => {
    const days = await people('2024-12-31', '2025-01-11');
    expect(days).toHaveLength(12);
    expect(days[0]).toEqual({ day: '2024-12-31', joined: 1, people: 1, dau: 0, wau: 0, mau: 1, conversations: 0, messages: 0, regenerations: 0 });
    expect(days[2]).toMatchObject({ day: '2025-01-02', dau: 1, wau: 1, mau: 1, conversations: 1, messages: 1 });
    expect(days[9]).toMatchObject({ day: '2025-01-09', wau: 0, mau: 1 });
    expect(days[10]).toEqual({ day: '2025-01-10', joined: 1, people: 2, dau: 1, wau: 1, mau: 2, conversations: 1, messages: 1, regenerations: 0 });
  });

  it('are as the view of the analysts counts them', async () => {
    const view = await side.reads.in(tenantId, (manager) => manager.query<object[]>(`select day::text, dau::int, wau::int, mau::int from analytics.active_people where tenant_id = $1 and day between '2024-12-31' and '2025-02-20' order by 1`, [tenantId]));
    expect((await people('2024-12-31', '2025-02-20')).map(({ day, dau, wau, mau }) => ({ day, dau, wau, mau }))).toEqual(view);
  });

  it('come again, or do not', async () => {
    const retention = (period: 'week' | 'month') => new FindRetentionHandler(side.reads).execute(new FindRetention(tenantId, { fromDay: '2024-12-01', toDay: '2025-01-31' }, period));
    expect(await retention('week')).toEqual([{ cohort: '2024-12-30', number: 0, cohortPeople: 1, activePeople: 1 }, { cohort: '2025-01-06', number: 0, cohortPeople: 1, activePeople: 1 }]);
    expect(await retention('month')).toEqual([
      { cohort: '2024-12-01', number: 0, cohortPeople: 1, activePeople: 1 },
      { cohort: '2024-12-01', number: 1, cohortPeople: 1, activePeople: 1 },
      { cohort: '2025-01-01', number: 0, cohortPeople: 1, activePeople: 1 },
    ]);
  });
});

describe('a provider', () => {
  it('is told by how often and how fast it answered, over all the days together', async () =>
    expect(await new FindProviderPerformanceHandler(side.reads).execute(new FindProviderPerformance(tenantId, january))).toEqual([
      { provider: 'simulator', model: 'sim-1', replies: 2, completed: 1, stopped: 0, failed: 1, calls: 2, failedCalls: 0, successShare: 0.5, latencyMs: expect.objectContaining({ p50: 40, p99: 40, mean: 40 }) as object, firstTokenMs: expect.objectContaining({ p50: 4 }) as object },
      expect.objectContaining({ model: 'sim-2', successShare: 1, latencyMs: expect.objectContaining({ p50: 640, mean: 640 }) as object }),
    ]));
});

describe('a table that is taken out', () => {
  const rows = async (name: string, days = january) => {
    const [reports, taken] = [new ReportRows(side.reads), [] as ReportRow[]];
    await reports.each(tenantId, reports.named(name), days, async (some) => void taken.push(...some));
    return taken;
  };

  it.each(usageReports.map(({ name, columns }) => [name.slice('analytics.'.length), Object.keys(columns)] as const))('%s has its columns, and no row of another tenant', async (name, columns) => {
    const taken = await rows(name);
    expect(taken.length).toBeGreaterThan(0);
    expect(Object.keys(taken[0]!)).toEqual(columns);
    expect(new Set(taken.map((row) => row['tenant_id']))).toEqual(new Set([tenantId]));
  });

  it('holds the days that were asked for', async () => {
    expect(await rows('replies')).toHaveLength(3);
    expect(await rows('replies', { fromDay: '2025-02-01', toDay: '2025-02-01' })).toHaveLength(1);
    expect(await rows('replies', { fromDay: '2020-02-01', toDay: '2020-02-01' })).toEqual([]);
  });

  it('must be one that there is', () => expect(() => new ReportRows(side.reads).named('replies; drop table')).toThrow('There is no such table.'));

  it('is taken by three at a time', async () => {
    const reports = new ReportRows(side.reads);
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const three = [1, 2, 3].map(() => reports.each(tenantId, reports.named('replies'), january, () => held));
    await expect(reports.each(tenantId, reports.named('replies'), january, async () => undefined)).rejects.toMatchObject({ code: 'TOO_MANY_EXPORTS' });
    release();
    await Promise.all(three);
    await expect(reports.each(tenantId, reports.named('replies'), january, async () => undefined)).resolves.toBeUndefined();
  });
});
