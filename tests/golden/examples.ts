import { AGENT_CATEGORY, AgentArchived, AgentCreated, AgentRenamed, PromptVersionActivated, PromptVersionDrafted } from '@parley/agents/domain/agent.events.js';
import { HistoryExported } from '@parley/audit/domain/history-export.events.js';
import {
  CONVERSATION_CATEGORY,
  ConversationDeleted,
  ConversationExpired,
  ConversationImported,
  ConversationRenamed,
  ConversationStarted,
  MessageImported,
  MessageSent,
  RegenerationRequested,
  ReplyImported,
  ReplyRecorded,
  ReplyStopRequested,
} from '@parley/chat/domain/conversation.events.js';
import { RetentionApplied, RetentionRuleSet } from '@parley/chat/domain/retention.events.js';
import { ErasureRequested, PersonErased } from '@parley/identity/domain/erasure.events.js';
import { PersonAdded, PersonRegistered, PersonRoleChanged } from '@parley/identity/domain/person.events.js';
import { SessionEnded, SessionStarted } from '@parley/identity/domain/session.events.js';
import {
  AttemptFailed,
  AttemptStarted,
  GenerationCompleted,
  GenerationFailed,
  GenerationStarted,
  GenerationStopped,
  GenerationStopRequested,
} from '@parley/inference/domain/generation.events.js';
import type { Event } from '@parley/kernel/event.js';
import { NO_USAGE } from '@parley/kernel/metering.js';
import { streamName } from '@parley/platform/event-store/event-store.js';
import { ErasureRemembered } from '@parley/platform/personal-data/erasures.events.js';
import { OPERATIONS } from '@parley/platform/personal-data/operations-stream.js';
import { ParkedFactSkipped } from '@parley/platform/read-model/operations.events.js';
import type { Example } from '@parley/platform/testing/golden.js';
import { now, personId, tenantId } from '@parley/platform/testing/meta.js';
import { MemberJoined, MemberRoleChanged, TenantCreated } from '@parley/tenancy/domain/tenant.events.js';

/**
 * What the golden log holds, in its order: a short story in which every fact happens. Append to the end; what stands here is written
 * already, so changing it changes nothing.
 */
export const examples: Example[] = [];

const idOf = (number: number) => `0190a000-0000-7000-8000-${`${number}`.padStart(12, '0')}`;
const tell = (label: string, stream: string, event: Event, tenant = tenantId) => examples.push({ label, stream, event, tenantId: tenant });

const [agentId, conversationId, deletedId, sessionId, otherTenantId] = [idOf(11), idOf(12), idOf(13), idOf(14), idOf(15)];
const [messageId, completedId, stoppedId, failedId] = [idOf(21), idOf(22), idOf(23), idOf(24)];

const person = streamName('identity.person', tenantId, personId);
const session = streamName('identity.session', tenantId, sessionId);
const tenant = streamName('tenancy.tenant', tenantId, tenantId);
tell('registered', person, PersonRegistered({ personId, email: 'ada@example.org', role: 'tenant-owner', tenantSlug: 'ada', registeredAt: now }));
tell('tenant', tenant, TenantCreated({ tenantId, slug: 'ada', kind: 'personal', createdAt: now }));
tell('joined', tenant, MemberJoined({ tenantId, personId, role: 'tenant-owner', joinedAt: now }));
tell('session', session, SessionStarted({ sessionId, personId, role: 'tenant-owner', startedAt: now, expiresAt: '2025-01-31T12:00:00.000Z' }));
tell('session-ended', session, SessionEnded({ sessionId, personId, reason: 'signed-out', endedAt: now }));

const agent = streamName(AGENT_CATEGORY, tenantId, agentId);
const prompt = { provider: 'simulator', model: 'sim-1', instructions: 'Be brief.', temperature: 0.5, maxOutputTokens: 100 };
tell('agent', agent, AgentCreated({ agentId, name: 'Assistant', createdBy: personId, createdAt: now }));
tell('prompt-1', agent, PromptVersionDrafted({ agentId, version: 1, ...prompt, draftedBy: personId, draftedAt: now }));
tell('prompt-1-active', agent, PromptVersionActivated({ agentId, version: 1, activatedBy: personId, activatedAt: now }));
tell('prompt-2', agent, PromptVersionDrafted({ agentId, version: 2, ...prompt, temperature: null, maxOutputTokens: null, draftedBy: personId, draftedAt: now }));
tell('agent-renamed', agent, AgentRenamed({ agentId, name: 'Helper', renamedBy: personId, renamedAt: now }));
tell('agent-archived', agent, AgentArchived({ agentId, archivedBy: personId, archivedAt: now }));

const conversation = streamName(CONVERSATION_CATEGORY, tenantId, conversationId);
const recorded = { conversationId, messageId, personId, provider: 'simulator', model: 'sim-1', promptVersion: 1, costMicroUsd: 42, latencyMs: 9, repliedAt: now };
const usage = { inputTokens: 10, cachedInputTokens: 2, outputTokens: 5, reasoningTokens: 1, estimated: false };
const again = (label: string, replyId: string, replacesReplyId: string) =>
  tell(label, conversation, RegenerationRequested({ conversationId, messageId, replyId, replacesReplyId, agentId, requestedBy: personId, requestedAt: now }));
tell('conversation', conversation, ConversationStarted({ conversationId, agentId, startedBy: personId, title: null, startedAt: now }));
tell('sent', conversation, MessageSent({ conversationId, messageId, replyId: completedId, agentId, sentBy: personId, text: 'Grüße, 世界! 👋', sentAt: now }));
tell('replied', conversation, ReplyRecorded({ ...recorded, replyId: completedId, outcome: 'completed', text: 'Hello.', finishReason: 'stop', failureReason: null, attempt: 2, usage, firstTokenMs: 3 }));
again('again', stoppedId, completedId);
tell('stop', conversation, ReplyStopRequested({ conversationId, replyId: stoppedId, requestedBy: personId, requestedAt: now }));
tell('replied-stopped', conversation, ReplyRecorded({ ...recorded, replyId: stoppedId, outcome: 'stopped', text: 'Hel', finishReason: null, failureReason: null, attempt: 1, usage: { ...usage, estimated: true }, firstTokenMs: 3 }));
again('once-more', failedId, stoppedId);
tell('replied-failed', conversation, ReplyRecorded({ ...recorded, replyId: failedId, outcome: 'failed', text: '', finishReason: null, failureReason: 'provider-unavailable', attempt: 1, usage: NO_USAGE, costMicroUsd: 0, firstTokenMs: null }));
tell('conversation-renamed', conversation, ConversationRenamed({ conversationId, title: 'Greetings', renamedBy: personId, renamedAt: now }));

const deleted = streamName(CONVERSATION_CATEGORY, tenantId, deletedId);
tell('conversation-2', deleted, ConversationStarted({ conversationId: deletedId, agentId, startedBy: personId, title: 'Soon gone', startedAt: now }));
tell('conversation-2-deleted', deleted, ConversationDeleted({ conversationId: deletedId, deletedBy: personId, deletedAt: now }));

const about = { conversationId, messageId, personId, agentId };
const by = { promptVersion: 1, provider: 'simulator', model: 'sim-1', temperature: 0.5, maxOutputTokens: 100 };
const result = { usage, providerUsage: '{"total_tokens":18}', costMicroUsd: 42, priceVersion: 'spec', firstTokenMs: 3, latencyMs: 9, settledAt: now };
const generation = (replyId: string) => streamName('inference.generation', tenantId, replyId);
const attempt = (label: string, replyId: string, number = 1) =>
  tell(label, generation(replyId), AttemptStarted({ replyId, attempt: number, workerId: 'worker', promptHash: 'hash', messages: 1, startedAt: now }));
tell('generation', generation(completedId), GenerationStarted({ replyId: completedId, ...about, ...by, startedAt: now }));
attempt('attempt-1', completedId);
tell('attempt-1-failed', generation(completedId), AttemptFailed({ replyId: completedId, attempt: 1, failureReason: 'provider-rate-limited', providerError: '429', usage, costMicroUsd: 7, priceVersion: 'spec', failedAt: now }));
attempt('attempt-2', completedId, 2);
tell('completed', generation(completedId), GenerationCompleted({ replyId: completedId, ...about, ...by, ...result, attempt: 2, text: 'Hello.', finishReason: 'stop' }));
tell('generation-2', generation(stoppedId), GenerationStarted({ replyId: stoppedId, ...about, ...by, startedAt: now }));
attempt('generation-2-attempt', stoppedId);
tell('generation-2-stop', generation(stoppedId), GenerationStopRequested({ replyId: stoppedId, requestedAt: now }));
tell('stopped', generation(stoppedId), GenerationStopped({ replyId: stoppedId, ...about, ...by, ...result, attempt: 1, text: 'Hel' }));
tell('generation-3', generation(failedId), GenerationStarted({ replyId: failedId, ...about, ...by, temperature: null, maxOutputTokens: null, startedAt: now }));
tell('failed', generation(failedId), GenerationFailed({ replyId: failedId, ...about, ...by, ...result, usage: NO_USAGE, providerUsage: null, costMicroUsd: 0, priceVersion: null, firstTokenMs: null, attempt: 1, text: '', failureReason: 'provider-unavailable', providerError: '503' }));

tell('skipped', streamName(OPERATIONS, tenantId, tenantId), ParkedFactSkipped({
  projection: 'chat.messages', table: 'chat.messages_v1', stream: conversation, eventId: idOf(31), type: 'MessageSent', parkedFor: 'its seal is broken', reason: 'seen and accepted', skippedBy: personId, skippedAt: now,
}));

// Another tenant with the same ids: its rows stand beside, and change nothing.
tell('elsewhere', streamName(CONVERSATION_CATEGORY, otherTenantId, conversationId), ConversationStarted({ conversationId, agentId, startedBy: personId, title: 'Elsewhere', startedAt: now }), otherTenantId);

// Someone is taken in as a member, and becomes the auditor.
const colleagueId = idOf(41);
const colleague = streamName('identity.person', tenantId, colleagueId);
tell('added', colleague, PersonAdded({ personId: colleagueId, email: 'grace@example.org', name: 'Grace', role: 'member', addedBy: personId, addedAt: now }));
tell('role-changed', colleague, PersonRoleChanged({ personId: colleagueId, role: 'auditor', before: 'member', changedBy: personId, changedAt: now }));
tell('colleague-joined', tenant, MemberJoined({ tenantId, personId: colleagueId, role: 'member', joinedAt: now }));
tell('member-role-changed', tenant, MemberRoleChanged({ tenantId, personId: colleagueId, role: 'auditor', changedAt: now }));

const [erasedId, ownerId] = [idOf(16), idOf(17)];
const erasure = streamName('identity.erasure', tenantId, erasedId);
tell('erasure', erasure, ErasureRequested({ personId: erasedId, requestedBy: ownerId, requestedAt: now }));
tell('erased', erasure, PersonErased({ personId: erasedId, requestedBy: ownerId, requestedAt: now, erasedAt: now, sealed: { count: 2, digest: '0f'.repeat(32) } }));

tell('history-exported', streamName('audit.export', tenantId, idOf(42)), HistoryExported({ exportId: idOf(42), exportedBy: personId, exportedAt: now }));

// A conversation that was held elsewhere is brought along.
const [importedId, importedMessageId] = [idOf(18), idOf(25)];
const broughtAlong = streamName(CONVERSATION_CATEGORY, tenantId, importedId);
tell('imported', broughtAlong, ConversationImported({ conversationId: importedId, agentId, startedBy: personId, title: 'From elsewhere', source: 'chatgpt', startedAt: now, importedAt: now }));
tell('imported-message', broughtAlong, MessageImported({ conversationId: importedId, messageId: importedMessageId, sentBy: personId, text: 'Which tea?', sentAt: now }));
tell('imported-reply', broughtAlong, ReplyImported({ conversationId: importedId, messageId: importedMessageId, replyId: idOf(26), agentId, personId, text: 'Green.', provider: '', model: 'gpt-4o', repliedAt: now }));

// The tenant keeps conversations for ninety days.
const expiredId = idOf(19);
const retention = streamName('chat.retention', tenantId, tenantId);
const expiring = streamName(CONVERSATION_CATEGORY, tenantId, expiredId);
tell('idle', expiring, ConversationStarted({ conversationId: expiredId, agentId, startedBy: personId, title: 'Long ago', startedAt: now }));
tell('retention', retention, RetentionRuleSet({ tenantId, kind: 'conversations', afterDays: 90, setBy: personId, setAt: now }));
tell('expired', expiring, ConversationExpired({ conversationId: expiredId, afterDays: 90, lastActiveAt: now, expiredAt: now }));
tell('retention-applied', retention, RetentionApplied({ tenantId, kind: 'conversations', afterDays: 90, hidden: 1, appliedAt: now }));

// A backup from before an erasure was restored: the list beside it knew of the person.
tell('erasure-remembered', streamName(OPERATIONS, tenantId, tenantId), ErasureRemembered({ personId: idOf(43), rememberedBy: 'operator/ada', rememberedAt: now }));
