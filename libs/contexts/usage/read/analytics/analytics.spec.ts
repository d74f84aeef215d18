import { AttemptFailed, AttemptStarted, GenerationCompleted, GenerationFailed, GenerationStarted, GenerationStopped } from '@parley/inference/contract.js';
import type { Event } from '@parley/kernel/event.js';
import type { Projection } from '@parley/kernel/projection.js';
import type { Databases } from '@parley/platform/postgres/databases.js';
import { PostgresProjector } from '@parley/platform/read-model/postgres.projector.js';
import { readModelSchema } from '@parley/platform/read-model/read-model.schema.js';
import { commentOf, reportsPart, UNITS } from '@parley/platform/read-model/reports.js';
import { deliveries } from '@parley/platform/testing/batches.js';
import { specDatabases } from '@parley/platform/testing/database.js';
import { recorded } from '@parley/platform/testing/recorded.js';
import fc from 'fast-check';
import { usageProjections } from '../usage-projections.js';
import { usageReplies } from '../replies/replies.projection.js';
import { usageReports } from './usage-reports.js';

const here = { storeId: '0190a000-0000-7000-8000-0000000000aa', epoch: 1 };
let databases: Databases;
const opened: PostgresProjector[] = [];
beforeAll(async () => {
  databases = await specDatabases([readModelSchema, reportsPart('analytics', usageReports)]);
});
afterEach(() => Promise.all(opened.splice(0).map((projector) => projector.close())));
afterAll(() => databases.close());

async function open(projections: readonly Projection[] = usageProjections): Promise<PostgresProjector> {
  const projector = await PostgresProjector.open(databases, here, projections);
  opened.push(projector);
  return projector;
}

async function rebuilt(): Promise<PostgresProjector> {
  await databases.owner.query('delete from parley.projection_checkpoints');
  const projector = await open();
  await projector.publish();
  return projector;
}

const idOf = (number: number) => `0190a000-0000-7000-8000-${`${number}`.padStart(12, '0')}`;
const [tenantA, tenantB] = [idOf(1), idOf(2)];

interface Planned {
  readonly tenantId: string;
  readonly person: number;
  readonly agent: number;
  readonly model: string;
  readonly startedAt: number;
  readonly wasted: readonly { readonly tokens: number; readonly costMicroUsd: number; readonly afterMs: number }[];
  readonly end: 'completed' | 'stopped' | 'failed' | 'pending';
  readonly tokens: readonly [number, number, number, number];
  readonly costMicroUsd: number;
  readonly afterMs: number;
}

const DAY_MS = 86_400_000;
const micro = fc.integer({ min: 0, max: 2 ** 51 });
const planned: fc.Arbitrary<Planned> = fc.record({
  tenantId: fc.constantFrom(tenantA, tenantB),
  person: fc.nat(2),
  agent: fc.nat(1),
  model: fc.constantFrom('small', 'large'),
  startedAt: fc.integer({ min: Date.parse('2025-01-30T00:00:00Z'), max: Date.parse('2025-02-02T00:00:00Z') }),
  wasted: fc.array(fc.record({ tokens: fc.nat(1_000), costMicroUsd: micro, afterMs: fc.nat(DAY_MS) }), { maxLength: 2 }),
  end: fc.constantFrom('completed', 'stopped', 'failed', 'pending'),
  tokens: fc.tuple(fc.nat(100_000), fc.nat(100_000), fc.nat(100_000), fc.nat(100_000)),
  costMicroUsd: micro,
  afterMs: fc.nat(3 * DAY_MS), // settlements come late, and on another day
});

const usage = ([inputTokens, cachedInputTokens, outputTokens, reasoningTokens]: Planned['tokens']) => ({ inputTokens, cachedInputTokens, outputTokens, reasoningTokens, estimated: false });

/** The facts of one reply, in its stream. */
function factsOf(reply: Planned, index: number): (Event & { tenantId: string; stream: string })[] {
  const at = (ms: number) => new Date(reply.startedAt + ms).toISOString();
  const replyId = idOf(1_000 + index);
  const about = { replyId, conversationId: idOf(10), messageId: idOf(11), personId: idOf(20 + reply.person), agentId: idOf(30 + reply.agent) };
  const by = { promptVersion: 1, provider: 'simulator', model: reply.model, temperature: null, maxOutputTokens: null };
  const tries = reply.wasted.flatMap(({ tokens, costMicroUsd, afterMs }, number) => [
    AttemptStarted({ replyId, attempt: number + 1, workerId: 'w', promptHash: 'h', messages: 1, startedAt: at(0) }),
    AttemptFailed({ replyId, attempt: number + 1, failureReason: 'provider-timeout', providerError: null, usage: usage([tokens, 0, 0, 0]), costMicroUsd, priceVersion: 'p', failedAt: at(afterMs) }),
  ]);
  const attempt = reply.wasted.length + 1;
  const result = { ...about, ...by, attempt, text: 'sealed', usage: usage(reply.tokens), providerUsage: null, costMicroUsd: reply.costMicroUsd, priceVersion: 'p', firstTokenMs: 5, latencyMs: reply.afterMs % 40_000, settledAt: at(reply.afterMs) };
  const ends = {
    completed: () => [GenerationCompleted({ ...result, finishReason: 'stop' })],
    stopped: () => [GenerationStopped(result)],
    failed: () => [GenerationFailed({ ...result, failureReason: 'stream-cut', providerError: null })],
    pending: () => [],
  };
  const facts: Event[] = [GenerationStarted({ ...about, ...by, startedAt: at(0) }), ...tries, AttemptStarted({ replyId, attempt, workerId: 'w', promptHash: 'h', messages: 1, startedAt: at(0) }), ...ends[reply.end]()];
  return facts.map((fact) => ({ ...fact, tenantId: reply.tenantId, stream: `inference.generation-${reply.tenantId}.${replyId}` }));
}

/** Streams interleaved, each in its own order. @param picks whose turn it is */
function interleaved<Item>(streams: readonly (readonly Item[])[], picks: readonly number[]): Item[] {
  const left = streams.map((stream) => [...stream]).filter((stream) => stream.length > 0);
  const all: Item[] = [];
  for (let turn = 0; left.length > 0; turn++) {
    const chosen = (picks[turn % picks.length] ?? 0) % left.length;
    all.push(left[chosen]!.shift()!);
    if (left[chosen]!.length === 0) left.splice(chosen, 1);
  }
  return all;
}

interface Sum {
  replies: bigint;
  calls: bigint;
  tokens: bigint;
  cost: bigint;
  wastedTokens: bigint;
  wastedCost: bigint;
}

/** The books, kept by hand from the facts alone: by tenant, day of record, person, agent and model. */
function byHand(replies: readonly Planned[]): Record<string, Sum> {
  const sums: Record<string, Sum> = {};
  for (const { tenantId, person, agent, model, startedAt, wasted, end, tokens, costMicroUsd, afterMs } of replies) {
    const day = new Date(startedAt + (end === 'pending' ? 0 : afterMs)).toISOString().slice(0, 10);
    const sum = (sums[[tenantId, day, idOf(20 + person), idOf(30 + agent), model].join(' ')] ??= { replies: 0n, calls: 0n, tokens: 0n, cost: 0n, wastedTokens: 0n, wastedCost: 0n });
    sum.replies += 1n;
    sum.calls += BigInt(wasted.length + 1);
    sum.tokens += end === 'pending' ? 0n : BigInt(tokens[0] + tokens[1] + tokens[2] + tokens[3]);
    sum.cost += end === 'pending' ? 0n : BigInt(costMicroUsd);
    for (const each of wasted) {
      sum.wastedTokens += BigInt(each.tokens);
      sum.wastedCost += BigInt(each.costMicroUsd);
    }
  }
  return sums;
}

const CONSUMED = `sum(calls)::bigint as calls, sum(total_tokens)::bigint as tokens, sum(cost_micro_usd)::bigint as cost, sum(wasted_tokens)::bigint as "wastedTokens", sum(wasted_cost_micro_usd)::bigint as "wastedCost"`;

async function sumsIn(view: string, replies: string): Promise<Record<string, Sum>> {
  const { rows } = await databases.owner.query<{ key: string } & Sum>(
    `select concat_ws(' ', tenant_id, day, person_id, agent_id, model) as key, ${replies}::bigint as replies, ${CONSUMED} from ${view} group by 1`,
  );
  return Object.fromEntries(rows.map(({ key, ...sum }) => [key, sum]));
}

async function totalsIn(view: string, replies: string): Promise<unknown> {
  const { rows } = await databases.owner.query(`select tenant_id, day, ${replies}::bigint as replies, ${CONSUMED} from ${view} group by 1, 2 order by 1, 2`);
  return rows;
}

describe('the tables of analysts', () => {
  it('equal the log to the micro-unit, however it is delivered, and after a rebuild', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(planned, { minLength: 1, maxLength: 12 }).chain((replies) => {
          const count = replies.reduce((sum, reply, index) => sum + factsOf(reply, index).length, 0);
          return fc.tuple(fc.constant(replies), fc.array(fc.nat(11), { minLength: 1 }), deliveries(count));
        }),
        async ([replies, picks, ranges]) => {
          const log = recorded(interleaved(replies.map(factsOf), picks));
          const expected = byHand(replies);
          for (const batches of [ranges, [[0, log.length] as const]]) {
            const projector = await rebuilt();
            for (const [from, to] of batches) await projector.apply(log.slice(from, to));
            expect(await projector.parked()).toEqual([]);
            expect(await sumsIn('analytics.replies', 'count(*)')).toEqual(expected);
            expect(await sumsIn('analytics.usage_daily', 'sum(replies)')).toEqual(expected);
            expect(await sumsIn('analytics.usage_hourly', 'sum(replies)')).toEqual(expected);
            expect(await totalsIn('analytics.usage_daily_by_agent', 'sum(replies)')).toEqual(await totalsIn('analytics.replies', 'count(*)'));
          }
        },
      ),
      { numRuns: 25 },
    ), 120_000);

  it('count a reply for the day on which it was settled, and an error for the day on which it happened', async () => {
    const projector = await rebuilt();
    const reply: Planned = { ...REPLY, startedAt: Date.parse('2025-03-01T23:59:00Z'), wasted: [{ tokens: 3, costMicroUsd: 4, afterMs: 30_000 }], afterMs: 120_000 };
    const facts = recorded(factsOf(reply, 1));
    const days = async (view: string) => (await databases.owner.query<{ day: string }>(`select distinct day from ${view}`)).rows.map(({ day }) => day);
    await projector.apply(facts.slice(0, -1));
    expect(await days('analytics.usage_daily')).toEqual(['2025-03-01']);
    await projector.apply(facts);
    expect(await days('analytics.usage_daily')).toEqual(['2025-03-02']);
    expect(await days('analytics.errors_daily')).toEqual(['2025-03-01']);
    expect((await databases.owner.query('select hour_start, replies, stopped from analytics.usage_hourly')).rows).toEqual([{ hour_start: new Date('2025-03-02T00:00:00Z'), replies: 1n, stopped: 1n }]);
  });

  it('tell of each column what it means and in what it is counted', async () => {
    await rebuilt();
    const { rows } = await databases.owner.query<{ view: string; name: string; comment: string | null; about: string | null }>(
      `select n.nspname || '.' || c.relname as view, a.attname as name, col_description(c.oid, a.attnum) as comment, obj_description(c.oid, 'pg_class') as about
       from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 where n.nspname = 'analytics' order by 1, a.attnum`,
    );
    expect([...new Set(rows.map(({ view }) => view))].sort()).toEqual(usageReports.map(({ name }) => name).sort());
    for (const { name, about, columns } of usageReports) {
      const own = rows.filter(({ view }) => view === name);
      expect(own.map((column) => [column.name, column.comment])).toEqual(Object.entries(columns).map(([column, told]) => [column, commentOf(told)]));
      expect(own[0]).toMatchObject({ name: 'tenant_id', about });
    }
    for (const { comment } of rows) expect(UNITS.some((unit) => comment?.endsWith(` [${unit}]`))).toBe(true);
  });

  it('equal it also in the next version, which takes their place', async () => {
    const replies: Planned[] = [{ ...REPLY, end: 'completed' }, { ...REPLY, wasted: [{ tokens: 3, costMicroUsd: 4, afterMs: 5 }] }];
    const log = recorded(replies.flatMap(factsOf));
    const later: Projection = { ...usageReplies, version: usageReplies.version + 1 };
    const projector = await rebuilt();
    await projector.apply(log.slice(0, 3));
    const next = await open([later]);
    await next.apply(log);
    await projector.apply(log);
    expect(await next.publish()).toBe(true);
    const { rows } = await databases.owner.query(`select count(*) as count from parley.reports where is_made and 'usage.replies@${usageReplies.version}' = any(reads)`);
    expect(rows).toEqual([{ count: 0n }]); // what stood on the version before went with it
    const reports = usageReports.map((report) => ({ ...report, reads: report.reads.map((each) => (each === usageReplies ? later : each)) }));
    await databases.applySchema([reportsPart('analytics', reports)]);
    expect(await sumsIn('analytics.usage_daily', 'sum(replies)')).toEqual(byHand(replies));
  });
});

const REPLY: Planned = { tenantId: tenantA, person: 0, agent: 0, model: 'small', startedAt: Date.parse('2025-01-31T12:00:00Z'), wasted: [], end: 'stopped', tokens: [1, 2, 3, 4], costMicroUsd: 5, afterMs: 1_000 };
