import { type ConnectionArgs, page } from '@parley/platform/graphql-kit/connection.js';
import { AttemptFailed, AttemptStarted, GenerationCompleted, GenerationFailed, GenerationStarted, GenerationStopped } from '@parley/inference/contract.js';
import type { Role } from '@parley/kernel/meta.js';
import { meta, personId, tenantId } from '@parley/platform/testing/meta.js';
import { ReadSide } from '@parley/platform/testing/read-side.js';
import { FindReplyUsage, FindReplyUsageHandler } from './replies/find-reply-usage.query.js';
import { ListReplyUsage, ListReplyUsageHandler, usageOrder } from './replies/list-reply-usage.query.js';
import { usageProjections } from './usage-projections.js';

const definitions = { GenerationStarted, AttemptStarted, AttemptFailed, GenerationCompleted, GenerationStopped, GenerationFailed };
const [mine, mineToo, theirs, foreign] = Array.from({ length: 4 }, () => crypto.randomUUID()) as [string, string, string, string];
const [someoneElse, otherTenant] = [crypto.randomUUID(), crypto.randomUUID()];
const by = { promptVersion: 1, provider: 'simulator', model: 'sim-1', temperature: null, maxOutputTokens: null };
const usage = { inputTokens: 3, cachedInputTokens: 1, outputTokens: 2, reasoningTokens: 0, estimated: false };

let side: ReadSide;
async function made(replyId: string, owner: string, at: string, of = tenantId): Promise<void> {
  const about = { replyId, conversationId: crypto.randomUUID(), messageId: crypto.randomUUID(), personId: owner, agentId: crypto.randomUUID() };
  const result = { attempt: 1, text: 'Hi!', usage, providerUsage: null, costMicroUsd: 5_000_000_000, priceVersion: 'spec', firstTokenMs: 3, latencyMs: 9, settledAt: at };
  const facts = [GenerationStarted({ ...about, ...by, startedAt: at }), GenerationCompleted({ ...about, ...by, ...result, finishReason: 'stop' })];
  await side.record(`inference.generation-${of}.${replyId}`, facts, definitions, { ...meta, tenantId: of });
}

beforeAll(async () => {
  side = await ReadSide.open(usageProjections);
  await made(mine, personId, '2025-01-01T12:01:00.000Z');
  await made(theirs, someoneElse, '2025-01-01T12:02:00.000Z');
  await made(mineToo, personId, '2025-01-01T12:03:00.000Z');
  await made(foreign, personId, '2025-01-01T12:04:00.000Z', otherTenant);
});
afterAll(() => side.close());

const viewer = (role: Role) => ({ tenantId, personId, role });
const find = (replyId: string, role: Role = 'member') => new FindReplyUsageHandler(side.reads).execute(new FindReplyUsage(viewer(role), replyId));
const list = async (role: Role = 'member', args: ConnectionArgs = {}) =>
  (await new ListReplyUsageHandler(side.reads).execute(new ListReplyUsage(viewer(role), page(args, usageOrder.by.length)))).map(({ replyId }) => replyId);

describe('usage', () => {
  it('of a reply shows its tokens and its cost', async () =>
    expect(await find(mine)).toMatchObject({ inputTokens: 3, cachedInputTokens: 1, outputTokens: 2, costMicroUsd: 5_000_000_000n, status: 'completed', day: '2025-01-01' }));
  it('lists the latest first', async () => expect(await list()).toEqual([mineToo, mine]));
  it('comes in pages', async () => expect(await list('member', { first: 1 })).toEqual([mineToo, mine])); // one more than is shown tells that there is more
  it.each(['member', 'system'] as const)('shows a %s what is their own', async (role) => {
    expect(await list(role)).toEqual([mineToo, mine]);
    expect(await find(theirs, role)).toBeUndefined();
  });
  it.each(['platform-admin', 'tenant-owner', 'tenant-admin', 'analyst', 'auditor'] as const)("shows a %s the whole tenant's, and no other's", async (role) => {
    expect(await list(role)).toEqual([mineToo, theirs, mine]);
    expect(await find(theirs, role)).toMatchObject({ personId: someoneElse });
    expect(await find(foreign, role)).toBeUndefined();
  });
});
