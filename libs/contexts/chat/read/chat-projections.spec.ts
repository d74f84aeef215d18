import { NO_USAGE } from '@parley/kernel/metering.js';
import type { Projection } from '@parley/kernel/projection.js';
import { MemoryProjector } from '@parley/platform/read-model/memory.projector.js';
import { now, personId, tenantId } from '@parley/platform/testing/meta.js';
import { recorded } from '@parley/platform/testing/recorded.js';
import { ConversationDeleted, ConversationExpired, ConversationImported, ConversationRenamed, ConversationStarted, MessageImported, MessageSent, RegenerationRequested, ReplyImported, ReplyRecorded } from '../domain/conversation.events.js';
import { RetentionApplied, RetentionRuleSet } from '../domain/retention.events.js';
import { conversations } from './conversations/conversations.projection.js';
import { messages } from './messages/messages.projection.js';
import { replies } from './replies/replies.projection.js';
import { retentionRules } from './retention/retention-rules.projection.js';

const [conversationId, agentId, messageId] = [crypto.randomUUID(), crypto.randomUUID(), crypto.randomUUID()];
const [replyId, anotherReplyId, otherTenant] = [crypto.randomUUID(), crypto.randomUUID(), crypto.randomUUID()];
const later = '2025-01-01T12:05:00.000Z';

// What the facts say in personal fields is sealed by then: projections carry it as it is.
const started = ConversationStarted({ conversationId, agentId, startedBy: personId, title: 'sealed:title', startedAt: now });
const sent = MessageSent({ conversationId, messageId, replyId, agentId, sentBy: personId, text: 'sealed:hello', sentAt: later });
const regeneration = RegenerationRequested({
  conversationId,
  messageId,
  replyId: anotherReplyId,
  replacesReplyId: replyId,
  agentId,
  requestedBy: personId,
  requestedAt: later,
});
const settlement = {
  text: 'sealed:hi',
  finishReason: 'stop' as const,
  failureReason: null,
  attempt: 2,
  provider: 'simulator',
  model: 'sim-small',
  promptVersion: 3,
  firstTokenMs: 20,
  latencyMs: 50,
};
const usage = { inputTokens: 3, cachedInputTokens: 4, outputTokens: 2, reasoningTokens: 1, estimated: false };
const replied = ReplyRecorded({ ...settlement, conversationId, messageId, replyId, personId, outcome: 'completed', usage, costMicroUsd: 40, repliedAt: later });
const failed = ReplyRecorded({ ...replied.data, outcome: 'failed', text: 'sealed:h', finishReason: null, failureReason: 'stream-cut', usage: NO_USAGE, costMicroUsd: 0 });
const renamed = ConversationRenamed({ conversationId, title: 'sealed:coffee', renamedBy: personId, renamedAt: later });
const deleted = ConversationDeleted({ conversationId, deletedBy: personId, deletedAt: later });

const rowsOf = async (projection: Projection, ...facts: Parameters<typeof recorded>[0]) => {
  const projector = new MemoryProjector([projection]);
  await projector.apply(recorded(facts));
  return projector.rows(projection);
};

describe('conversations', () => {
  const row = {
    tenantId,
    conversationId,
    startedBy: personId,
    agentId,
    title: 'sealed:title',
    messageCount: 0,
    startedAt: new Date(now),
    lastMessageAt: new Date(now),
  };

  it('show one that started', async () => expect(await rowsOf(conversations, started)).toEqual([row]));
  it('count what the person said, and move up by it', async () =>
    expect(await rowsOf(conversations, started, sent)).toEqual([{ ...row, messageCount: 1, lastMessageAt: new Date(later) }]));
  it('stay where they are when a reply comes', async () =>
    expect(await rowsOf(conversations, started, sent, replied)).toEqual([{ ...row, messageCount: 1, lastMessageAt: new Date(later) }]));
  it('show the new title', async () => expect(await rowsOf(conversations, started, renamed)).toEqual([{ ...row, title: 'sealed:coffee' }]));
  it('show none that is deleted', async () => expect(await rowsOf(conversations, started, sent, deleted)).toEqual([]));
});

describe('messages', () => {
  it('show what the person said, at its place in the conversation', async () =>
    expect(await rowsOf(messages, started, sent, replied, sent)).toEqual(
      [1n, 3n].map((revision) => ({ tenantId, conversationId, revision, messageId, sentBy: personId, text: 'sealed:hello', sentAt: new Date(later) })),
    ));
});

describe('replies', () => {
  const asked = { tenantId, conversationId, messageId, personId, agentId, requestedAt: new Date(later) };
  const first = { ...asked, replyId, replacesReplyId: null, revision: 1n };
  const unsettled = {
    status: 'pending',
    text: null,
    finishReason: null,
    failureReason: null,
    attempt: null,
    provider: null,
    model: null,
    promptVersion: null,
    inputTokens: null,
    cachedInputTokens: null,
    outputTokens: null,
    reasoningTokens: null,
    usageEstimated: null,
    costMicroUsd: null,
    firstTokenMs: null,
    latencyMs: null,
    settledAt: null,
  };
  const { estimated: usageEstimated, ...tokens } = usage;
  const settled = { ...settlement, ...tokens, usageEstimated, costMicroUsd: 40n, settledAt: new Date(later) };

  it('are pending from the moment they are asked for', async () =>
    expect(await rowsOf(replies, started, sent, regeneration)).toEqual([
      { ...first, ...unsettled },
      { ...asked, ...unsettled, replyId: anotherReplyId, replacesReplyId: replyId, revision: 2n },
    ]));
  it('show how they ended, and what they took', async () =>
    expect(await rowsOf(replies, started, sent, replied)).toEqual([{ ...first, ...settled, status: 'completed' }]));
  it('show what there was of one that failed', async () =>
    expect(await rowsOf(replies, started, sent, failed)).toMatchObject([
      { status: 'failed', text: 'sealed:h', finishReason: null, failureReason: 'stream-cut', costMicroUsd: 0n },
    ]));
  it('show nothing of one that nobody asked for', async () => expect(await rowsOf(replies, started, replied)).toEqual([]));
});

it.each([conversations, messages, replies])('another tenant with equal ids sees nothing of $name, and changes nothing', async (projection) => {
  const facts = [started, sent, regeneration, replied, renamed].map((fact) => ({ ...fact, stream: `of ${tenantId}` }));
  const theirs = [replied, renamed, deleted].map((fact) => ({ ...fact, tenantId: otherTenant }));
  const mine = await rowsOf(projection, ...facts);
  expect(mine.length).toBeGreaterThan(0);
  expect(await rowsOf(projection, ...facts, ...theirs)).toEqual(mine);
});

it.each([conversations, messages, replies])('$name says which of its columns are sealed', async (projection) => {
  for (const row of await rowsOf(projection, started, sent, replied)) {
    const sealed = Object.entries(row).filter(([, value]) => String(value).startsWith('sealed:'));
    expect(projection.personal).toEqual(sealed.map(([column]) => column));
  }
});

describe('what was imported', () => {
  const before = '2023-11-14T22:13:20.000Z';
  const imported = ConversationImported({ conversationId, agentId, startedBy: personId, title: 'sealed:title', source: 'chatgpt', startedAt: before, importedAt: now });
  const said = MessageImported({ conversationId, messageId, sentBy: personId, text: 'sealed:hello', sentAt: before });
  const answered = ReplyImported({ conversationId, messageId, replyId, agentId, personId, text: 'sealed:hi', provider: '', model: 'gpt-4o', repliedAt: before });
  const facts = [imported, said, answered];

  it('is a conversation of the time when it was held', async () =>
    expect(await rowsOf(conversations, ...facts)).toEqual([
      { tenantId, conversationId, startedBy: personId, agentId, title: 'sealed:title', messageCount: 1, startedAt: new Date(before), lastMessageAt: new Date(before) },
    ]));

  it('shows its messages beside those that were said here', async () =>
    expect(await rowsOf(messages, ...facts, sent)).toEqual([
      { tenantId, conversationId, revision: 1n, messageId, sentBy: personId, text: 'sealed:hello', sentAt: new Date(before) },
      expect.objectContaining({ revision: 3n, text: 'sealed:hello', sentAt: new Date(later) }),
    ]));

  it('shows its replies as complete, and as costing nothing', async () =>
    expect(await rowsOf(replies, ...facts)).toEqual([
      expect.objectContaining({ tenantId, replyId, messageId, personId, agentId, status: 'completed', text: 'sealed:hi', model: 'gpt-4o', costMicroUsd: 0n, outputTokens: 0, settledAt: new Date(before) }),
    ]));

  it.each([conversations, messages, replies])('of another tenant is not shown in $name', async (projection) =>
    expect(await rowsOf(projection, ...facts.map((fact) => ({ ...fact, tenantId: otherTenant })))).toEqual([expect.objectContaining({ tenantId: otherTenant })]));
});

describe('retention', () => {
  const rule = (afterDays: number | null) => RetentionRuleSet({ tenantId, kind: 'conversations', afterDays, setBy: personId, setAt: now });
  const applied = RetentionApplied({ tenantId, kind: 'conversations', afterDays: 90, hidden: 3, appliedAt: later });
  const row = { tenantId, kind: 'conversations', afterDays: 90, setAt: new Date(now), lastAppliedAt: null, hidden: 0 };

  it('hides a conversation that expired', async () =>
    expect(await rowsOf(conversations, started, ConversationExpired({ conversationId, afterDays: 90, lastActiveAt: now, expiredAt: later }))).toEqual([]));

  it('shows the rule, and what it did', async () => {
    expect(await rowsOf(retentionRules, rule(90))).toEqual([row]);
    expect(await rowsOf(retentionRules, rule(90), applied, applied)).toEqual([{ ...row, lastAppliedAt: new Date(later), hidden: 6 }]);
    expect(await rowsOf(retentionRules, rule(90), applied, rule(null))).toEqual([]);
  });

  it('of another tenant changes nothing here', async () =>
    expect(await rowsOf(retentionRules, rule(90), { ...applied, tenantId: otherTenant }, { ...rule(null), tenantId: otherTenant })).toEqual([row]));
});
