import { NO_USAGE } from '@parley/kernel/metering.js';
import { MemoryProjector } from '@parley/platform/read-model/memory.projector.js';
import { now, personId, tenantId } from '@parley/platform/testing/meta.js';
import { recorded } from '@parley/platform/testing/recorded.js';
import {
  AttemptFailed,
  AttemptStarted,
  GenerationCompleted,
  GenerationFailed,
  GenerationStarted,
  GenerationStopped,
} from '@parley/inference/contract.js';
import { usageReplies } from './replies.projection.js';

const later = '2025-01-02T00:00:01.000Z';
const [replyId, conversationId, messageId, agentId] = [crypto.randomUUID(), crypto.randomUUID(), crypto.randomUUID(), crypto.randomUUID()];
const about = { replyId, conversationId, messageId, personId, agentId };
const by = { promptVersion: 2, provider: 'simulator', model: 'sim-small', temperature: 0.5, maxOutputTokens: 100 };
const usage = { inputTokens: 10, cachedInputTokens: 2, outputTokens: 5, reasoningTokens: 1, estimated: false };
const wasted = { inputTokens: 8, cachedInputTokens: 0, outputTokens: 3, reasoningTokens: 0, estimated: true };
const settlement = {
  ...about,
  ...by,
  attempt: 2,
  text: 'sealed:hi',
  usage,
  providerUsage: null,
  costMicroUsd: 42,
  priceVersion: 'spec',
  firstTokenMs: 3,
  latencyMs: 9,
  settledAt: later,
};

const started = GenerationStarted({ ...about, ...by, startedAt: now });
const attempted = (attempt: number) => AttemptStarted({ replyId, attempt, workerId: 'a', promptHash: `hash ${attempt}`, messages: 3, startedAt: now });
const lost = (attempt: number) =>
  AttemptFailed({ replyId, attempt, failureReason: 'worker-lost', providerError: null, usage: wasted, costMicroUsd: 7, priceVersion: 'spec', failedAt: now });
const completed = GenerationCompleted({ ...settlement, finishReason: 'stop' });
const stopped = GenerationStopped(settlement);
const failed = GenerationFailed({ ...settlement, usage: NO_USAGE, costMicroUsd: 0, failureReason: 'provider-timeout', providerError: null });

const rows = async (...facts: Parameters<typeof recorded>[0]) => {
  const projector = new MemoryProjector([usageReplies]);
  await projector.apply(recorded(facts));
  return projector.rows(usageReplies);
};

describe('the usage of a reply', () => {
  it('begins with nothing when its generation starts', async () =>
    expect(await rows(started)).toEqual([
      {
        tenantId,
        ...about,
        ...by,
        promptHash: null,
        status: 'pending',
        finishReason: null,
        failureReason: null,
        attempts: 0,
        failures: [],
        inputTokens: 0,
        cachedInputTokens: 0,
        outputTokens: 0,
        reasoningTokens: 0,
        isEstimated: false,
        costMicroUsd: 0n,
        priceVersion: null,
        wastedTokens: 0,
        wastedCostMicroUsd: 0n,
        firstTokenMs: null,
        latencyMs: null,
        startedAt: new Date(now),
        settledAt: null,
        day: '2025-01-01',
      },
    ]));

  it('is one row with the settled tokens by class, and the cost', async () =>
    expect(await rows(started, attempted(1), completed)).toEqual([
      expect.objectContaining({
        status: 'completed',
        finishReason: 'stop',
        attempts: 1,
        promptHash: 'hash 1',
        inputTokens: 10,
        cachedInputTokens: 2,
        outputTokens: 5,
        reasoningTokens: 1,
        isEstimated: false,
        costMicroUsd: 42n,
        priceVersion: 'spec',
        wastedTokens: 0,
        settledAt: new Date(later),
        day: '2025-01-02',
      }),
    ]));

  it('keeps apart what earlier attempts consumed for nothing', async () =>
    expect(await rows(started, attempted(1), lost(1), attempted(2), lost(2), attempted(3), completed)).toEqual([
      expect.objectContaining({ attempts: 3, promptHash: 'hash 3', inputTokens: 10, costMicroUsd: 42n, wastedTokens: 22, wastedCostMicroUsd: 14n, failures: Array(2).fill({ reason: 'worker-lost', failedAt: now }) }),
    ]));

  it('counts what had come of a stopped one', async () =>
    expect(await rows(started, attempted(1), stopped)).toMatchObject([{ status: 'stopped', finishReason: null, outputTokens: 5, costMicroUsd: 42n }]));

  it('says why one failed', async () =>
    expect(await rows(started, attempted(1), failed)).toMatchObject([{ status: 'failed', failureReason: 'provider-timeout', outputTokens: 0, costMicroUsd: 0n }]));

  it('holds no text of anybody', async () => expect(JSON.stringify(await rows(started, attempted(1), completed), plain)).not.toContain('sealed'));

  it('of another tenant with equal ids is another row', async () => {
    const other = crypto.randomUUID();
    const mine = await rows(started, attempted(1), completed);
    const both = await rows(started, attempted(1), completed, ...[started, lost(1), failed].map((fact) => ({ ...fact, tenantId: other })));
    expect(both.filter((row) => row.tenantId === tenantId)).toEqual(mine);
    expect(both.filter((row) => row.tenantId === other)).toMatchObject([{ status: 'failed', wastedTokens: 11 }]);
  });
});

const plain = (_: string, value: unknown) => (typeof value === 'bigint' ? Number(value) : value);
