import type { Role } from '@parley/kernel/meta.js';
import { meta, now, personId, tenantId } from '@parley/platform/testing/meta.js';
import { specFor } from '@parley/platform/testing/spec-for.js';
import { DeleteConversation, ExpireConversation, SendMessage } from './conversation.commands.js';
import { ConversationNotFound } from './conversation.errors.js';
import { ConversationExpired, ConversationImported, ConversationStarted, MessageSent, ReplyRecorded } from './conversation.events.js';
import { conversation } from './conversation.js';
import { RecordRetention, SetRetentionRule } from './retention.commands.js';
import { RetentionApplied, RetentionRuleSet } from './retention.events.js';
import { retention, RetentionNotAllowed } from './retention.js';

const by = (role: Role) => ({ ...meta, actor: { ...meta.actor, role } });
const set = (afterDays: number | null, asking = meta) => new SetRetentionRule({ tenantId, kind: 'conversations', afterDays }, asking);
const rule = (afterDays: number | null) => RetentionRuleSet({ tenantId, kind: 'conversations', afterDays, setBy: personId, setAt: now });

describe('a rule of retention', () => {
  const given = specFor(retention);
  it('is set by an owner', () => given().when(set(90)).then(rule(90)));
  it('is changed, and taken back', () => given(rule(90)).when(set(null)).then(rule(null)));
  it('of one kind leaves those of others', () => given(rule(90)).when(new SetRetentionRule({ tenantId, kind: 'sessions', afterDays: 7 }, meta)).then(RetentionRuleSet({ tenantId, kind: 'sessions', afterDays: 7, setBy: personId, setAt: now })));
  it('is set once', () => given(rule(90)).when(set(90)).thenNothing());
  it('that is not there need not be taken back', () => given().when(set(null)).thenNothing());
  it.each(['tenant-admin', 'member', 'analyst', 'auditor'] as const)('is not set by a %s', (role) => given().when(set(1, by(role))).thenRefuses(RetentionNotAllowed));
  it.each([0, -1, 1.5, 3_651])('is not of %d days', (days) => expect(() => set(days)).toThrow());
  it('says what it did', () =>
    given(rule(90)).when(new RecordRetention({ tenantId, kind: 'conversations', afterDays: 90, hidden: 3 }, meta)).then(RetentionApplied({ tenantId, kind: 'conversations', afterDays: 90, hidden: 3, appliedAt: now })));
});

describe('a conversation in which nobody has spoken', () => {
  const given = specFor(conversation);
  const [conversationId, agentId, messageId, replyId] = [crypto.randomUUID(), crypto.randomUUID(), crypto.randomUUID(), crypto.randomUUID()];
  const at = (day: number) => `2024-12-${`${day}`.padStart(2, '0')}T00:00:00.000Z`;
  const started = ConversationStarted({ conversationId, agentId, startedBy: personId, title: 'Tea', startedAt: at(1) });
  const sent = MessageSent({ conversationId, messageId, replyId, agentId, sentBy: personId, text: 'Hello', sentAt: at(10) });
  const replied = ReplyRecorded({
    conversationId, messageId, replyId, personId, outcome: 'completed', text: 'Hi', finishReason: 'stop', failureReason: null, attempt: 1, provider: 'simulator', model: 'sim-1', promptVersion: 1,
    usage: { inputTokens: 1, cachedInputTokens: 0, outputTokens: 1, reasoningTokens: 0, estimated: false }, costMicroUsd: 1, firstTokenMs: 1, latencyMs: 1, repliedAt: at(10),
  });
  const system = { ...meta, actor: { kind: 'system', id: 'chat.retention', role: 'system' } as const };
  const expire = (idleSince: string) => new ExpireConversation({ conversationId, idleSince, afterDays: 5 }, system);
  const expired = (lastActiveAt: string) => ConversationExpired({ conversationId, afterDays: 5, lastActiveAt, expiredAt: now });

  it('for so long is hidden', () => given(started).when(expire(at(2))).then(expired(at(1))));
  it('counts from the last message', () => {
    given(started, sent, replied).when(expire(at(11))).then(expired(at(10)));
    given(started, sent, replied).when(expire(at(9))).thenNothing();
  });
  it('counts from the import where it came from elsewhere', () => {
    const imported = ConversationImported({ conversationId, agentId, startedBy: personId, title: null, source: 'chatgpt', startedAt: '2020-01-01T00:00:00.000Z', importedAt: at(8) });
    given(imported).when(expire(at(7))).thenNothing();
    given(imported).when(expire(at(8))).then(expired(at(8)));
  });
  it('is not hidden while a reply is being made', () => given(started, sent).when(expire(at(20))).thenNothing());
  it('is hidden once', () => given(started, expired(at(1))).when(expire(at(2))).thenNothing());
  it('does not exist any more to its person', () => {
    given(started, expired(at(1))).when(new SendMessage({ conversationId, messageId, replyId, text: 'Hello' }, meta)).thenRefuses(ConversationNotFound);
    given(started, expired(at(1))).when(new DeleteConversation({ conversationId }, meta)).thenNothing();
  });
});
