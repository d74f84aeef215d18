import { setTimeout as delay } from 'node:timers/promises';
import { AGENT_CATEGORY, AgentCreated } from '@parley/agents/contract.js';
import { EventStore, streamName } from '@parley/platform/event-store/event-store.js';
import { meta, now } from '@parley/platform/testing/meta.js';
import { SpecGateway } from '@parley/platform/testing/spec-gateway.js';
import { caller } from '@parley/platform/testing/toy-gateway.js';
import { Injectable, Module } from '@nestjs/common';
import { CONVERSATION_CATEGORY, ConversationStarted } from '../domain/conversation.events.js';
import { ChatReactModule } from '../react/chat-react.module.js';
import { ChatProjectionModule } from '../read/chat-projection.module.js';
import { ChatQueryModule } from '../read/chat-query.module.js';
import { ChatRetentionModule } from '../retention/chat-retention.module.js';
import { ChatWriteModule } from '../write/chat-write.module.js';
import { ConversationResolver } from './conversation.resolver.js';
import { RetentionResolver } from './retention.resolver.js';

const SET = 'mutation ($input: SetRetentionInput!) { setRetention(input: $input) { consistencyToken } }';
const RULES = '{ retentionRules { kind afterDays lastAppliedAt hidden } }';
const CONVERSATIONS = '{ conversations { nodes { id } } }';

let store: EventStore;
@Injectable()
class Peek {
  constructor(events: EventStore) {
    store = events;
  }
}
@Module({ providers: [ConversationResolver, RetentionResolver, Peek] })
class ChatApi {}

let gateway: SpecGateway;
beforeAll(async () => {
  process.env['PARLEY_RETENTION_EVERY_MS'] = '200';
  gateway = await SpecGateway.open(ChatWriteModule, ChatReactModule, ChatProjectionModule, ChatQueryModule, ChatRetentionModule, ChatApi);
});
afterAll(async () => {
  delete process.env['PARLEY_RETENTION_EVERY_MS'];
  await gateway.close();
});

async function owner() {
  const [tenantId, personId, agentId] = [crypto.randomUUID(), crypto.randomUUID(), crypto.randomUUID()];
  const about = { ...meta, tenantId, actor: { ...meta.actor, id: personId } };
  await gateway.record(streamName(AGENT_CATEGORY, tenantId, agentId), [AgentCreated({ agentId, name: 'Ada', createdBy: personId, createdAt: now })], { AgentCreated }, about);
  const conversation = async (startedAt: Date) => {
    const conversationId = crypto.randomUUID();
    const started = ConversationStarted({ conversationId, agentId, startedBy: personId, title: 'Tea', startedAt: startedAt.toISOString() });
    await gateway.record(streamName(CONVERSATION_CATEGORY, tenantId, conversationId), [started], { ConversationStarted }, about);
    return conversationId;
  };
  const as = (role: 'tenant-owner' | 'tenant-admin' | 'auditor') => gateway.as(caller({ tenantId, personId, role }));
  const ask = as('tenant-owner');
  const seen = async () => ((await ask(CONVERSATIONS)).data!['conversations'] as { nodes: { id: string }[] }).nodes.map(({ id }) => id);
  const facts = async () => (await store.readTenant(tenantId, { limit: 100 })).map(({ type, meta: by }) => `${type} by ${(JSON.parse(by) as { actor: { id: string } }).actor.id}`);
  return { tenantId, personId, as, ask, conversation, seen, facts };
}
const daysAgo = (days: number) => new Date(Date.now() - days * 86_400_000);
async function until(holds: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 15_000; !(await holds()); await delay(50)) if (Date.now() > end) throw new Error('not within 15 s');
}

describe('retention', () => {
  it('hides what nobody has spoken in for so long, leaves facts, and keeps the rest', async () => {
    const [ada, other] = [await owner(), await owner()];
    const [old, young, theirs] = [await ada.conversation(daysAgo(31)), await ada.conversation(daysAgo(29)), await other.conversation(daysAgo(400))];
    await until(async () => (await ada.seen()).length === 2 && (await other.seen()).length === 1);
    expect((await ada.ask(SET, { input: { kind: 'CONVERSATIONS', afterDays: 30 } })).errors).toEqual([]);
    await until(async () => (await ada.seen()).length === 1);
    expect(await ada.seen()).toEqual([young]);
    expect(await other.seen()).toEqual([theirs]);
    await until(async () => (await ada.facts()).includes('RetentionApplied by chat.retention'));
    expect(await ada.facts()).toEqual([
      `AgentCreated by ${ada.personId}`, `ConversationStarted by ${ada.personId}`, `ConversationStarted by ${ada.personId}`,
      `RetentionRuleSet by ${ada.personId}`, 'ConversationExpired by chat.retention', 'RetentionApplied by chat.retention',
    ]);
    expect(old).not.toBe(young);
    await until(async () => ((await ada.ask(RULES)).data!['retentionRules'] as { hidden: number }[])[0]?.hidden === 1);
    expect((await ada.ask(RULES)).data).toEqual({ retentionRules: [{ kind: 'CONVERSATIONS', afterDays: 30, lastAppliedAt: expect.any(String) as string, hidden: 1 }] });
    expect((await other.ask(RULES)).data).toEqual({ retentionRules: [] });
  });

  it('goes on by the rule as time passes, and ends with it', async () => {
    const ada = await owner();
    await ada.ask(SET, { input: { kind: 'CONVERSATIONS', afterDays: 1 } });
    await ada.conversation(daysAgo(2));
    await until(async () => (await ada.facts()).includes('ConversationExpired by chat.retention'));
    await ada.ask(SET, { input: { kind: 'CONVERSATIONS', afterDays: null } });
    await until(async () => ((await ada.ask(RULES)).data!['retentionRules'] as object[]).length === 0);
    await delay(500);
    const kept = await ada.conversation(daysAgo(2));
    await until(async () => (await ada.seen()).includes(kept));
    await delay(1_000);
    expect(await ada.seen()).toEqual([kept]);
  });

  it.each(['tenant-admin', 'auditor'] as const)('is not for a %s to say', async (role) =>
    expect((await (await owner()).as(role)(SET, { input: { kind: 'CONVERSATIONS', afterDays: 1 } })).errors[0]?.extensions.code).toBe('FORBIDDEN'));

  it.each([0, 3_651])('is not of %d days', async (afterDays) =>
    expect((await (await owner()).ask(SET, { input: { kind: 'CONVERSATIONS', afterDays } })).errors[0]?.extensions.code).toBe('INVALID_INPUT'));
});
