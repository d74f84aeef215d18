import { ChatApiModule } from '@parley/chat/api/chat-api.module.js';
import { ChatProjectionModule } from '@parley/chat/read/chat-projection.module.js';
import { ChatQueryModule } from '@parley/chat/read/chat-query.module.js';
import { ConversationStarted, MessageSent } from '@parley/chat/contract.js';
import { AttemptFailed, AttemptStarted, GenerationCompleted, GenerationStarted } from '@parley/inference/contract.js';
import type { Role } from '@parley/kernel/meta.js';
import { EventStore } from '@parley/platform/event-store/event-store.js';
import { LiveModule } from '@parley/platform/live/live.module.js';
import { meta } from '@parley/platform/testing/meta.js';
import { SpecGateway } from '@parley/platform/testing/spec-gateway.js';
import { caller } from '@parley/platform/testing/toy-gateway.js';
import { UsageApiModule } from '@parley/usage/api/usage-api.module.js';
import { UsageProjectionModule } from '@parley/usage/read/usage-projection.module.js';
import { UsageQueryModule } from '@parley/usage/read/usage-query.module.js';

let gateway: SpecGateway;
beforeAll(async () => {
  gateway = await SpecGateway.open(LiveModule.forRoot(), ChatProjectionModule, ChatQueryModule, ChatApiModule, UsageProjectionModule, UsageQueryModule, UsageApiModule);
});
afterAll(() => gateway.close());

const definitions = { ConversationStarted, MessageSent, GenerationStarted, AttemptStarted, AttemptFailed, GenerationCompleted };
const usage = { inputTokens: 10, cachedInputTokens: 0, outputTokens: 5, reasoningTokens: 0, estimated: false };
const minute = (n: number) => new Date(Date.UTC(2026, 0, 31, 12, n)).toISOString();

interface Made {
  readonly personId?: string;
  readonly promptVersion?: number;
  readonly provider?: string;
  readonly key?: string;
  /** Minutes after noon. */
  readonly from?: number;
  readonly to?: number;
}

/** A tenant with replies, each by its own conversation. */
function tenant() {
  const [tenantId, agentId] = [crypto.randomUUID(), crypto.randomUUID()];
  const as = (role: Role, personId: string = crypto.randomUUID()) => gateway.as(caller({ tenantId, role, personId }));
  async function reply({ personId = crypto.randomUUID(), promptVersion = 1, provider = 'simulator', key, from = 0, to = 1 }: Made = {}) {
    const [conversationId, messageId, replyId] = [crypto.randomUUID(), crypto.randomUUID(), crypto.randomUUID()];
    const actor = key ? ({ kind: 'api-key', id: key, role: 'member' } as const) : ({ kind: 'person', id: personId, role: 'member' } as const);
    const conversation = `chat.conversation-${tenantId}.${conversationId}`;
    const said = [ConversationStarted({ conversationId, agentId, startedBy: personId, title: null, startedAt: minute(from) }), MessageSent({ conversationId, messageId, replyId, agentId, sentBy: personId, text: 'Hi', sentAt: minute(from) })];
    await gateway.record(conversation, said, definitions, { ...meta, tenantId, actor });
    const [, sent] = await gateway.get(EventStore).read(conversation, { limit: 2 });
    const about = { replyId, conversationId, messageId, personId, agentId };
    const by = { promptVersion, provider, model: 'sim-1', temperature: 0.5, maxOutputTokens: 100 };
    const end = { attempt: 2, text: 'Hello', usage, providerUsage: null, costMicroUsd: 42, priceVersion: 'spec', firstTokenMs: 3, latencyMs: 9, settledAt: minute(to), finishReason: 'stop' } as const;
    const attempt = (number: number) => AttemptStarted({ replyId, attempt: number, workerId: 'w', promptHash: `hash-${number}`, messages: 1, startedAt: minute(from) });
    const system = { ...meta, tenantId, actor: { kind: 'system', id: 'inference', role: 'system' } as const, causationId: sent!.eventId };
    await gateway.record(`inference.generation-${tenantId}.${replyId}`, [
      GenerationStarted({ ...about, ...by, startedAt: minute(from) }),
      attempt(1),
      AttemptFailed({ replyId, attempt: 1, failureReason: 'provider-rate-limited', providerError: '429', usage, costMicroUsd: 7, priceVersion: 'spec', failedAt: minute(from) }),
      attempt(2),
      GenerationCompleted({ ...about, ...by, ...end }),
    ], definitions, system);
    return { replyId, personId, sentId: sent!.eventId };
  }
  return { tenantId, agentId, as, reply };
}

const LINEAGE = 'replyId agentId promptVersion promptHash provider model temperature maxOutputTokens priceVersion costMicroUsd usage { inputTokens outputTokens } attempts { attempt promptHash failureReason providerError costMicroUsd } askedBy { eventId kind id role decisionId }';

describe('the lineage of a reply', () => {
  it('says prompt, hash, model, parameters, provider, attempts, price, tokens, who asked and after which decision', async () => {
    const { as, reply, agentId } = tenant();
    const { replyId, personId, sentId } = await reply({ promptVersion: 3 });
    const lineage = {
      replyId, agentId, promptVersion: 3, promptHash: 'hash-2', provider: 'simulator', model: 'sim-1', temperature: 0.5, maxOutputTokens: 100, priceVersion: 'spec', costMicroUsd: 42,
      usage: { inputTokens: 10, outputTokens: 5 },
      attempts: [
        { attempt: 1, promptHash: 'hash-1', failureReason: 'PROVIDER_RATE_LIMITED', providerError: '429', costMicroUsd: 7 },
        { attempt: 2, promptHash: 'hash-2', failureReason: null, providerError: null, costMicroUsd: 42 },
      ],
      askedBy: { eventId: sentId, kind: 'person', id: personId, role: 'member', decisionId: null },
    };
    const own = async () => (await as('member', personId)(`query ($id: ID!) { reply(id: $id) { lineage { ${LINEAGE} } } }`, { id: replyId })).data;
    await eventually(async () => expect(await own()).toEqual({ reply: { lineage } }));
    expect((await as('auditor')(`query ($id: ID!) { auditLineage(replyId: $id) { ${LINEAGE} } }`, { id: replyId })).data).toEqual({ auditLineage: lineage });
    expect((await as('member')(`query ($id: ID!) { auditLineage(replyId: $id) { replyId } }`, { id: replyId })).errors[0]?.extensions.code).toBe('FORBIDDEN');
    expect((await tenant().as('auditor')(`query ($id: ID!) { auditLineage(replyId: $id) { replyId } }`, { id: replyId })).data).toEqual({ auditLineage: null });
  });

  it('is told as of then: before the last attempt there is but the first', async () => {
    const { as, reply, tenantId } = tenant();
    const { replyId } = await reply();
    const facts = await gateway.get(EventStore).read(`inference.generation-${tenantId}.${replyId}`, { limit: 10 });
    const { data } = await as('auditor')('query ($id: ID!, $asOf: String) { auditLineage(replyId: $id, asOf: $asOf) { promptHash costMicroUsd settledAt attempts { attempt } } }', { id: replyId, asOf: `${facts[2]!.position}` });
    expect(data).toEqual({ auditLineage: { promptHash: 'hash-1', costMicroUsd: 0, settledAt: null, attempts: [{ attempt: 1 }] } });
  });
});

describe('the blast radius of an incident', () => {
  const AFFECTED = 'query ($promptVersion: Int, $provider: String, $key: String, $agentId: ID, $from: DateTime, $to: DateTime, $first: Int, $after: String) { auditAffected(promptVersion: $promptVersion, provider: $provider, key: $key, agentId: $agentId, from: $from, to: $to, first: $first, after: $after) { replies people costMicroUsd wastedCostMicroUsd nodes { replyId } pageInfo { hasNextPage endCursor } } }';
  interface Affected {
    readonly replies: number;
    readonly people: number;
    readonly costMicroUsd: number;
    readonly wastedCostMicroUsd: number;
    readonly nodes: readonly { replyId: string }[];
    readonly pageInfo: { hasNextPage: boolean; endCursor: string };
  }

  it('is exactly those replies, those people and that cost', async () => {
    const [{ as, reply, agentId }, other] = [tenant(), tenant()];
    const grace = crypto.randomUUID();
    const bad = [await reply({ promptVersion: 3, from: 10, to: 11, personId: grace }), await reply({ promptVersion: 3, from: 12, to: 13, personId: grace }), await reply({ promptVersion: 3, from: 20, to: 21 })];
    const good = await reply({ promptVersion: 2, from: 10, to: 30, provider: 'openai' });
    const leaked = await reply({ key: 'key-7', from: 40, to: 41 });
    await other.reply({ promptVersion: 3, from: 10, to: 11 });
    const ask = as('auditor');
    const affected = async (incident: object) => (await ask(AFFECTED, { ...incident })).data!['auditAffected'] as Affected;
    const ids = (each: { replyId: string }[]) => each.map(({ replyId }) => replyId).sort();
    const found = async (incident: object) => ids([...(await affected(incident)).nodes]);
    await eventually(async () => expect((await affected({})).replies).toBe(5));

    expect(await affected({ promptVersion: 3 })).toMatchObject({ replies: 3, people: 2, costMicroUsd: 126, wastedCostMicroUsd: 21 });
    expect(await found({ promptVersion: 3 })).toEqual(ids(bad));
    expect(await found({ promptVersion: 3, from: minute(11), to: minute(12) })).toEqual(ids(bad.slice(0, 2)));
    expect(await found({ from: minute(14), to: minute(19) })).toEqual(ids([good])); // begun before, ended after
    expect(await found({ provider: 'openai' })).toEqual(ids([good]));
    expect(await found({ key: 'key-7' })).toEqual(ids([leaked]));
    expect(await found({ key: grace, agentId })).toEqual(ids(bad.slice(0, 2)));
    expect(await affected({ key: 'nobody' })).toMatchObject({ replies: 0, people: 0, costMicroUsd: 0, nodes: [] });

    const first = await affected({ promptVersion: 3, first: 2 });
    const second = await affected({ promptVersion: 3, first: 2, after: first.pageInfo.endCursor });
    expect([first.nodes.length, second.nodes.length, second.replies]).toEqual([2, 1, 3]);
    expect((await as('member')(AFFECTED, { promptVersion: 3 })).errors[0]?.extensions.code).toBe('FORBIDDEN');
  });
});

async function eventually(check: () => Promise<void>): Promise<void> {
  for (const until = Date.now() + 10_000; ; await new Promise((resolve) => setTimeout(resolve, 20))) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() > until) throw error;
    }
  }
}
