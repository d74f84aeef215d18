import { AttemptFailed, AttemptStarted, GenerationCompleted, GenerationFailed, GenerationStarted } from '@parley/inference/contract.js';
import type { Databases } from '@parley/platform/postgres/databases.js';
import { PostgresProjector } from '@parley/platform/read-model/postgres.projector.js';
import { readModelSchema } from '@parley/platform/read-model/read-model.schema.js';
import { reportsPart } from '@parley/platform/read-model/reports.js';
import { specDatabases } from '@parley/platform/testing/database.js';
import { recorded } from '@parley/platform/testing/recorded.js';
import fc from 'fast-check';
import { bucketOf } from '../rollups/latencies-daily.rollup.js';
import { usageProjections } from '../usage-projections.js';
import { usageReports } from './usage-reports.js';

const here = { storeId: '0190a000-0000-7000-8000-0000000000aa', epoch: 1 };
let databases: Databases;
beforeAll(async () => {
  databases = await specDatabases([readModelSchema, reportsPart('analytics', usageReports)]);
});
afterAll(() => databases.close());

const idOf = (number: number) => `0190a000-0000-7000-8000-${`${number}`.padStart(12, '0')}`;
const tenantId = idOf(1);
const usage = { inputTokens: 1, cachedInputTokens: 0, outputTokens: 1, reasoningTokens: 0, estimated: false };

function reply(index: number, latencyMs: number, { day = '2025-01-01', isFailed = false, attempts = 1 } = {}) {
  const at = `${day}T12:00:00.000Z`;
  const replyId = idOf(1_000 + index);
  const about = { replyId, conversationId: idOf(10), messageId: idOf(11), personId: idOf(20), agentId: idOf(30), promptVersion: 1, provider: 'simulator', model: 'sim-1', temperature: null, maxOutputTokens: null };
  const result = { ...about, attempt: attempts, text: 'sealed', usage, providerUsage: null, costMicroUsd: 1, priceVersion: 'p', firstTokenMs: isFailed ? null : Math.floor(latencyMs / 2), latencyMs, settledAt: at };
  const started = (attempt: number) => AttemptStarted({ replyId, attempt, workerId: 'w', promptHash: 'h', messages: 1, startedAt: at });
  const failed = (attempt: number) => AttemptFailed({ replyId, attempt, failureReason: 'provider-rate-limited', providerError: '429', usage, costMicroUsd: 1, priceVersion: 'p', failedAt: at });
  return [
    GenerationStarted({ ...about, startedAt: at }),
    ...Array.from({ length: attempts - 1 }, (_, number) => [started(number + 1), failed(number + 1)]).flat(),
    started(attempts),
    isFailed ? GenerationFailed({ ...result, failureReason: 'stream-cut', providerError: null }) : GenerationCompleted({ ...result, finishReason: 'stop' }),
  ].map((fact) => ({ ...fact, tenantId, stream: `spec.generation-${tenantId}.${replyId}` }));
}

async function told(replies: readonly ReturnType<typeof reply>[]): Promise<void> {
  await databases.owner.query('delete from parley.projection_checkpoints');
  const projector = await PostgresProjector.open(databases, here, usageProjections);
  await projector.publish();
  await projector.apply(recorded(replies.flat()));
  await projector.close();
}

describe("a provider's performance", () => {
  it('is told by percentiles that are at most 1/32 below the true ones, never above them', () =>
    fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(fc.nat(100), fc.nat(5_000), fc.nat(600_000)), { minLength: 1, maxLength: 60 }), async (latencies) => {
        await told(latencies.map((latencyMs, index) => reply(index, latencyMs)));
        const { rows } = await databases.owner.query<Record<string, bigint | number>>('select * from analytics.providers_performance');
        const ascending = latencies.toSorted((a, b) => a - b);
        for (const percent of [50, 90, 95, 99]) {
          const exact = ascending[Math.ceil((percent * ascending.length) / 100) - 1]!;
          const shown = Number(rows[0]![`latency_p${percent}_ms`]);
          expect(shown).toBe(bucketOf(exact));
          expect(shown).toBeLessThanOrEqual(exact);
          expect(shown).toBeGreaterThan((exact * 31) / 32 - 1e-9 - (exact === 0 ? 1 : 0));
        }
        expect(rows[0]!['latency_mean_ms']).toBe(BigInt(Math.round(latencies.reduce((sum, each) => sum + each, 0) / latencies.length)));
      }),
      { numRuns: 25 },
    ), 60_000);

  it('counts what went wrong: calls that another made good, and replies that ended so', async () => {
    await told([reply(1, 100), reply(2, 200, { attempts: 3 }), reply(3, 300, { isFailed: true }), reply(4, 1, { day: '2025-01-02' })]);
    const { rows } = await databases.owner.query('select replies, completed, failed, calls, failed_calls, success_share::float8 as share, latency_p50_ms, first_token_p50_ms from analytics.providers_performance order by day');
    expect(rows).toEqual([
      { replies: 3n, completed: 2n, failed: 1n, calls: 5n, failed_calls: 2n, share: 2 / 3, latency_p50_ms: 100, first_token_p50_ms: 50 },
      { replies: 1n, completed: 1n, failed: 0n, calls: 1n, failed_calls: 0n, share: 1, latency_p50_ms: 1, first_token_p50_ms: 0 },
    ]);
    const { rows: errors } = await databases.owner.query('select day, failure_reason, failed_calls, failed_replies from analytics.errors_daily order by 2');
    expect(errors).toEqual([
      { day: '2025-01-01', failure_reason: 'provider-rate-limited', failed_calls: 2n, failed_replies: 0n },
      { day: '2025-01-01', failure_reason: 'stream-cut', failed_calls: 0n, failed_replies: 1n },
    ]);
  });

  it('of some days reads those days alone', async () => {
    const { rows } = await databases.owner.query<{ 'QUERY PLAN': string }>("explain select * from analytics.providers_performance where day between '2025-01-01' and '2025-01-31'");
    const scans = rows.map((row) => row['QUERY PLAN']).filter((line) => /Scan on/.test(line)).length;
    const filters = rows.map((row) => row['QUERY PLAN']).filter((line) => /(Filter|Cond):.*day >= '2025-01-01'/.test(line)).length;
    expect([scans > 3, filters >= 4]).toEqual([true, true]);
  });
});

describe('a duration', () => {
  it.each([[0, 0], [1, 1], [63, 63], [64, 64], [65, 64], [127, 126], [128, 128], [1_000, 992], [60_000, 59_392]])('of %i ms counts in the bucket of %i', (ms, bucket) => expect(bucketOf(ms)).toBe(bucket));
});
