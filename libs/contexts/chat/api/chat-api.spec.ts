import { setTimeout as delay } from 'node:timers/promises';
import { AGENT_CATEGORY, AgentArchived, AgentCreated } from '@parley/agents/contract.js';
import { GenerationCompleted } from '@parley/inference/contract.js';
import { streamName } from '@parley/platform/event-store/event-store.js';
import { meta, now } from '@parley/platform/testing/meta.js';
import { SpecGateway } from '@parley/platform/testing/spec-gateway.js';
import { type Answer, caller } from '@parley/platform/testing/toy-gateway.js';
import { Module } from '@nestjs/common';
import { ChatReactModule } from '../react/chat-react.module.js';
import { ChatProjectionModule } from '../read/chat-projection.module.js';
import { ChatQueryModule } from '../read/chat-query.module.js';
import { ChatWriteModule } from '../write/chat-write.module.js';
import { ConversationResolver } from './conversation.resolver.js';
import { MessageResolver } from './message.resolver.js';

const START = 'mutation ($input: StartConversationInput!) { startConversation(input: $input) { conversationId consistencyToken } }';
const SEND = 'mutation ($input: SendMessageInput!) { sendMessage(input: $input) { conversationId messageId replyId consistencyToken } }';
const REGENERATE = 'mutation ($input: RegenerateReplyInput!) { regenerateReply(input: $input) { conversationId replyId consistencyToken } }';
const STOP = 'mutation ($input: StopReplyInput!) { stopReply(input: $input) { conversationId replyId consistencyToken } }';
const RENAME = 'mutation ($input: RenameConversationInput!) { renameConversation(input: $input) { conversationId consistencyToken } }';
const DELETE = 'mutation ($input: DeleteConversationInput!) { deleteConversation(input: $input) { conversationId consistencyToken } }';
const CONVERSATION = 'query ($id: ID!) { conversation(id: $id) { id agentId title messageCount } }';
const CONVERSATIONS = '{ conversations { nodes { id title } } }';
const MESSAGES =
  'query ($conversationId: ID!, $last: Int) { messages(conversationId: $conversationId, last: $last) { nodes { id text reply { id } replies { id status text } } pageInfo { hasPreviousPage } } }';
const REPLY = `query ($id: ID!) { reply(id: $id) {
  id conversationId messageId status text finishReason failureReason attempt provider model promptVersion costMicroUsd firstTokenMs latencyMs
  usage { inputTokens cachedInputTokens outputTokens reasoningTokens estimated } } }`;

/** Without the subscription, which a spec of its own is about. */
@Module({ providers: [ConversationResolver, MessageResolver] })
class ChatApi {}

let gateway: SpecGateway;
beforeAll(async () => {
  gateway = await SpecGateway.open(ChatWriteModule, ChatReactModule, ChatProjectionModule, ChatQueryModule, ChatApi);
});
afterAll(() => gateway.close());

interface Payload {
  readonly conversationId: string;
  readonly messageId: string;
  readonly replyId: string;
  readonly consistencyToken: string;
}

/** A person of a tenant, and an agent of theirs. */
class Someone {
  readonly agentId = crypto.randomUUID();
  readonly personId = crypto.randomUUID();
  readonly ask: (...args: Parameters<ReturnType<SpecGateway['as']>>) => Promise<Answer>;

  constructor(readonly tenantId = crypto.randomUUID()) {
    this.ask = gateway.as(caller({ tenantId, personId: this.personId }));
  }

  static async withAgent(): Promise<Someone> {
    const someone = new Someone();
    const created = AgentCreated({ agentId: someone.agentId, name: 'Ada', createdBy: someone.personId, createdAt: now });
    await gateway.record(someone.agentStream, [created], { AgentCreated }, { ...meta, tenantId: someone.tenantId });
    return someone;
  }

  get agentStream(): string {
    return streamName(AGENT_CATEGORY, this.tenantId, this.agentId);
  }

  async archiveAgent(): Promise<void> {
    const archived = AgentArchived({ agentId: this.agentId, archivedBy: this.personId, archivedAt: now });
    await gateway.record(this.agentStream, [archived], { AgentArchived }, { ...meta, tenantId: this.tenantId });
  }

  async change(mutation: string, input: object): Promise<Payload> {
    const { data, errors } = await this.ask(mutation, { input });
    expect(errors).toEqual([]);
    return Object.values(data!)[0] as Payload;
  }

  async refused(mutation: string, input: object): Promise<Answer['errors'][number]['extensions'] | undefined> {
    return (await this.ask(mutation, { input })).errors[0]?.extensions;
  }

  start(rest: object = {}): Promise<Payload> {
    return this.change(START, { agentId: this.agentId, ...rest });
  }

  /** The answer that sees what the payload speaks of. */
  async see(query: string, variables: Record<string, unknown>, { consistencyToken }: Payload): Promise<Answer['data']> {
    return (await this.ask(query, variables, { 'parley-consistency-token': consistencyToken })).data;
  }

  /** What inference says when it has made the reply. */
  async complete({ conversationId, messageId, replyId }: Payload, text: string): Promise<void> {
    const about = { replyId, conversationId, messageId, personId: this.personId, agentId: this.agentId };
    const by = { promptVersion: 1, provider: 'simulator', model: 'sim-small', temperature: null, maxOutputTokens: null };
    const usage = { inputTokens: 3, cachedInputTokens: 4, outputTokens: 2, reasoningTokens: 1, estimated: false };
    const made = { attempt: 1, text, usage, providerUsage: null, costMicroUsd: 3_000_000_000, priceVersion: null, firstTokenMs: 20, latencyMs: 50 };
    const fact = GenerationCompleted({ ...about, ...by, ...made, settledAt: now, finishReason: 'length' });
    const system = { kind: 'system', id: 'inference.runtime', role: 'system' } as const;
    await gateway.record(streamName('inference.generation', this.tenantId, replyId), [fact], { GenerationCompleted }, { ...meta, tenantId: this.tenantId, actor: system });
    while ((await this.status(replyId)) !== 'COMPLETED') await delay(10);
  }

  private async status(replyId: string): Promise<string | undefined> {
    const reply = (await this.ask(REPLY, { id: replyId })).data?.['reply'] as { status: string } | null | undefined;
    return reply?.status;
  }
}

describe('a conversation over GraphQL', () => {
  it('starts, and is there for who brings the token', async () => {
    const someone = await Someone.withAgent();
    const started = await someone.start({ title: 'Tea' });
    const { conversationId: id } = started;
    expect(await someone.see(CONVERSATION, { id }, started)).toEqual({ conversation: { id, agentId: someone.agentId, title: 'Tea', messageCount: 0 } });
    expect(await someone.see(CONVERSATIONS, {}, started)).toEqual({ conversations: { nodes: [{ id, title: 'Tea' }] } });
  });

  it.each([
    ['an id of the client', { conversationId: crypto.randomUUID() }],
    ['an idempotency key', { idempotencyKey: 'start' }],
  ])('starts once when it is asked for twice with %s, though it was deleted since', async (_, named) => {
    const someone = await Someone.withAgent();
    const first = await someone.start(named);
    await someone.change(DELETE, { conversationId: first.conversationId });
    expect(await someone.start(named)).toEqual(first);
  });

  it('is renamed, then deleted, and then not there', async () => {
    const someone = await Someone.withAgent();
    const { conversationId } = await someone.start();
    const renamed = await someone.change(RENAME, { conversationId, title: 'Coffee' });
    expect(await someone.see(CONVERSATION, { id: conversationId }, renamed)).toMatchObject({ conversation: { title: 'Coffee' } });
    const deleted = await someone.change(DELETE, { conversationId });
    expect(await someone.see(CONVERSATION, { id: conversationId }, deleted)).toEqual({ conversation: null });
    expect(await someone.see(CONVERSATIONS, {}, deleted)).toEqual({ conversations: { nodes: [] } });
    expect(await someone.see(MESSAGES, { conversationId }, deleted)).toEqual({ messages: null });
    expect(await someone.refused(SEND, { conversationId, text: 'Hello' })).toMatchObject({ code: 'CHAT_CONVERSATION_NOT_FOUND', kind: 'not-found' });
  });

  it('does not start with an agent that is unknown, of another tenant, or archived', async () => {
    const [someone, other] = [await Someone.withAgent(), await Someone.withAgent()];
    for (const agentId of [crypto.randomUUID(), other.agentId]) expect(await someone.refused(START, { agentId })).toMatchObject({ code: 'CHAT_AGENT_NOT_FOUND', details: { agentId } });
    await someone.archiveAgent();
    expect(await someone.refused(START, { agentId: someone.agentId })).toMatchObject({ code: 'CHAT_AGENT_NOT_ACTIVE', kind: 'conflict' });
  });
});

describe('a message over GraphQL', () => {
  it('is sent, answered, and read back with its reply', async () => {
    const someone = await Someone.withAgent();
    const { conversationId } = await someone.start();
    const sent = await someone.change(SEND, { conversationId, text: 'Which tea?' });
    const { messageId, replyId } = sent;
    expect(await someone.see(MESSAGES, { conversationId }, sent)).toMatchObject({
      messages: { nodes: [{ id: messageId, text: 'Which tea?', reply: { id: replyId }, replies: [{ id: replyId, status: 'PENDING', text: null }] }] },
    });

    await someone.complete(sent, 'Green.');
    expect((await someone.ask(REPLY, { id: replyId })).data).toEqual({
      reply: {
        id: replyId,
        conversationId,
        messageId,
        status: 'COMPLETED',
        text: 'Green.',
        finishReason: 'LENGTH',
        failureReason: null,
        attempt: 1,
        provider: 'simulator',
        model: 'sim-small',
        promptVersion: 1,
        costMicroUsd: 3_000_000_000,
        firstTokenMs: 20,
        latencyMs: 50,
        usage: { inputTokens: 3, cachedInputTokens: 4, outputTokens: 2, reasoningTokens: 1, estimated: false },
      },
    });
  });

  it.each([
    ['an id of the client', { messageId: crypto.randomUUID() }],
    ['an idempotency key', { idempotencyKey: 'send' }],
  ])('is sent once when it is sent twice with %s, though its agent was archived since', async (_, named) => {
    const someone = await Someone.withAgent();
    const { conversationId } = await someone.start();
    const first = await someone.change(SEND, { conversationId, text: 'Hello', ...named });
    await someone.archiveAgent();
    expect(await someone.change(SEND, { conversationId, text: 'Hello', ...named })).toEqual(first);
    expect(await someone.see(CONVERSATION, { id: conversationId }, first)).toMatchObject({ conversation: { messageCount: 1 } });
    expect(await someone.refused(SEND, { conversationId, text: 'Another' })).toMatchObject({ code: 'CHAT_AGENT_NOT_ACTIVE' });
  });

  it('of one id asks for one reply in each conversation', async () => {
    const someone = await Someone.withAgent();
    const messageId = crypto.randomUUID();
    const [here, there] = [await someone.start(), await someone.start()];
    const [first, second] = [
      await someone.change(SEND, { conversationId: here.conversationId, messageId, text: 'Hello' }),
      await someone.change(SEND, { conversationId: there.conversationId, messageId, text: 'Hello' }),
    ];
    expect(second.replyId).not.toBe(first.replyId);
  });

  it('is one of the last of a long conversation', async () => {
    const someone = await Someone.withAgent();
    const { conversationId } = await someone.start();
    let sent: Payload | undefined;
    for (const text of ['one', 'two', 'three']) sent = await someone.change(SEND, { conversationId, text });
    const shown = await someone.see(MESSAGES, { conversationId, last: 2 }, sent!);
    expect(shown).toMatchObject({ messages: { nodes: [{ text: 'two' }, { text: 'three' }], pageInfo: { hasPreviousPage: true } } });
  });

  it.each(['', '   ', 'a\0b', 'x'.repeat(32_001)])('has no text like %j', async (text) => {
    const someone = await Someone.withAgent();
    const { conversationId } = await someone.start();
    expect(await someone.refused(SEND, { conversationId, text })).toMatchObject({ code: 'INVALID_INPUT', details: { fields: [{ path: expect.stringContaining('text') as string }] } });
  });
});

describe('a reply over GraphQL', () => {
  it('is made again once it has ended, once for one key, and the last one counts', async () => {
    const someone = await Someone.withAgent();
    const { conversationId } = await someone.start();
    const sent = await someone.change(SEND, { conversationId, text: 'Which tea?' });
    const input = { conversationId, replyId: sent.replyId, idempotencyKey: 'again' };
    expect(await someone.refused(REGENERATE, { ...input, idempotencyKey: 'early' })).toMatchObject({ code: 'CHAT_REPLY_NOT_SETTLED' });

    await someone.complete(sent, 'Green.');
    const again = await someone.change(REGENERATE, input);
    expect(await someone.change(REGENERATE, input)).toEqual(again);
    expect(await someone.see(MESSAGES, { conversationId }, again)).toMatchObject({
      messages: { nodes: [{ reply: { id: again.replyId }, replies: [{ id: sent.replyId, status: 'COMPLETED' }, { id: again.replyId, status: 'PENDING' }] }] },
    });
  });

  it('is stopped, and the wish may come again, and late', async () => {
    const someone = await Someone.withAgent();
    const { conversationId } = await someone.start();
    const sent = await someone.change(SEND, { conversationId, text: 'Which tea?' });
    const wish = { conversationId, replyId: sent.replyId };
    expect(await someone.change(STOP, wish)).toMatchObject(wish);
    expect(await someone.change(STOP, wish)).toMatchObject(wish);
    await someone.complete(sent, 'Green.');
    expect(await someone.change(STOP, wish)).toMatchObject(wish);
  });
});

it('says the same of what someone else has and of what nobody has', async () => {
  const owner = await Someone.withAgent();
  const { conversationId } = await owner.start({ title: 'Secret' });
  const sent = await owner.change(SEND, { conversationId, text: 'Secret' });
  await owner.archiveAgent(); // who may not see the conversation is not told of its agent either

  for (const stranger of [new Someone(owner.tenantId), new Someone()]) {
    for (const [id, replyId] of [[conversationId, sent.replyId], [crypto.randomUUID(), crypto.randomUUID()]] as const) {
      const shown = await Promise.all([stranger.ask(CONVERSATION, { id }), stranger.ask(MESSAGES, { conversationId: id }), stranger.ask(REPLY, { id: replyId })]);
      expect(shown.map(({ data }) => data)).toEqual([{ conversation: null }, { messages: null }, { reply: null }]);
      for (const [mutation, rest] of [[SEND, { text: 'Hello' }], [REGENERATE, { replyId }], [STOP, { replyId }], [RENAME, { title: 'Mine' }], [DELETE, {}]] as const) {
        expect(await stranger.refused(mutation, { conversationId: id, ...rest })).toMatchObject({ code: 'CHAT_CONVERSATION_NOT_FOUND', details: { conversationId: id } });
      }
    }
    expect((await stranger.ask(CONVERSATIONS)).data).toEqual({ conversations: { nodes: [] } });
  }
});
