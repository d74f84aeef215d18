import { type ConnectionArgs, page } from '@parley/platform/graphql-kit/connection.js';
import { ERASED } from '@parley/kernel/personal.js';
import { meta, now, personId, tenantId } from '@parley/platform/testing/meta.js';
import { ReadSide } from '@parley/platform/testing/read-side.js';
import {
  ConversationDeleted,
  type ConversationEvent,
  ConversationStarted,
  MessageSent,
  RegenerationRequested,
  ReplyRecorded,
} from '../domain/conversation.events.js';
import { chatProjections } from './chat-projections.js';
import { FindConversation, FindConversationHandler } from './conversations/find-conversation.query.js';
import { ListConversations, ListConversationsHandler } from './conversations/list-conversations.query.js';
import { ListMessages, ListMessagesHandler } from './messages/list-messages.query.js';
import { FindReply, FindReplyHandler } from './replies/find-reply.query.js';

const definitions = { ConversationDeleted, ConversationStarted, MessageSent, RegenerationRequested, ReplyRecorded };
const agentId = crypto.randomUUID();
const minute = (n: number) => `2025-01-01T12:0${n}:00.000Z`;
const named = () => ({ conversationId: crypto.randomUUID(), messageId: crypto.randomUUID(), replyId: crypto.randomUUID() });

const [tea, milk, gone] = [named(), named(), named()];
const [question, newReplyId] = [crypto.randomUUID(), crypto.randomUUID()];
const [someoneElse, otherTenant, erased] = [crypto.randomUUID(), crypto.randomUUID(), crypto.randomUUID()];

type Ids = ReturnType<typeof named>;
const started = ({ conversationId }: Ids, title: string | null, startedBy = personId) =>
  ConversationStarted({ conversationId, agentId, startedBy, title, startedAt: now });
const sent = (ids: Ids, text: string, sentAt: string, sentBy = personId) => MessageSent({ ...ids, agentId, sentBy, text, sentAt });
const replied = (ids: Ids, text: string, owner = personId) =>
  ReplyRecorded({
    ...ids,
    personId: owner,
    outcome: 'completed',
    text,
    finishReason: 'stop',
    failureReason: null,
    attempt: 1,
    provider: 'simulator',
    model: 'sim-small',
    promptVersion: 1,
    usage: { inputTokens: 3, cachedInputTokens: 0, outputTokens: 2, reasoningTokens: 0, estimated: false },
    costMicroUsd: 5_000_000_000,
    firstTokenMs: 20,
    latencyMs: 50,
    repliedAt: minute(9),
  });
const regeneration = RegenerationRequested({ ...tea, replyId: newReplyId, replacesReplyId: tea.replyId, agentId, requestedBy: personId, requestedAt: minute(3) });
const deleted = ConversationDeleted({ conversationId: gone.conversationId, deletedBy: personId, deletedAt: now });

let side: ReadSide;
const record = (ids: Ids, facts: ConversationEvent[], of = tenantId) =>
  side.record(`chat.conversation-${of}.${ids.conversationId}`, facts, definitions, { ...meta, tenantId: of });

beforeAll(async () => {
  side = await ReadSide.open(chatProjections);
  const second = { ...tea, messageId: question, replyId: crypto.randomUUID() };
  await record(tea, [started(tea, 'Tea'), sent(tea, 'Which tea?', minute(1)), replied(tea, 'Green.'), regeneration, sent(second, 'Why?', minute(4))]);
  await record(milk, [started(milk, null), sent(milk, 'Milk?', minute(2))]);
  await record(gone, [started(gone, 'Gone'), sent(gone, 'Bye', minute(5)), replied(gone, 'Bye.'), deleted]);
  const theirs = named();
  await record(theirs, [started(theirs, 'Theirs', someoneElse), sent(theirs, 'Secret', minute(6), someoneElse)]);
  await record(tea, [started(tea, 'Their tea'), sent(tea, 'Their message', minute(1)), replied(tea, 'Their reply')], otherTenant); // equal ids
});
afterAll(() => side.close());

const find = (conversationId: string, by = personId, of = tenantId) => new FindConversationHandler(side.reads).execute(new FindConversation(of, by, conversationId));
const list = (args: ConnectionArgs = {}, by = personId, of = tenantId) => new ListConversationsHandler(side.reads).execute(new ListConversations(of, by, page(args, 2)));
const messages = (conversationId: string, args: ConnectionArgs = {}, by = personId, of = tenantId) =>
  new ListMessagesHandler(side.reads).execute(new ListMessages(of, by, conversationId, page(args, 1)));
const reply = (replyId: string, by = personId, of = tenantId) => new FindReplyHandler(side.reads).execute(new FindReply(of, by, replyId));

describe('a conversation', () => {
  it('is found by who started it, its title opened', async () =>
    expect(await find(tea.conversationId)).toMatchObject({ title: 'Tea', agentId, messageCount: 2, lastMessageAt: new Date(minute(4)) }));
  it('may have no title', async () => expect(await find(milk.conversationId)).toMatchObject({ title: null }));
  it.each([
    ['someone else', () => find(tea.conversationId, someoneElse)],
    ['someone else of another tenant', () => find(milk.conversationId, personId, otherTenant)],
    ['whoever deleted it', () => find(gone.conversationId)],
    ['whoever names one that there is not', () => find(crypto.randomUUID())],
  ])('is not found by %s', async (_, found) => expect(await found()).toBeUndefined());
});

describe('conversations', () => {
  const titles = async (...args: Parameters<typeof list>) => (await list(...args)).map(({ title }) => title);

  it('are listed to who started them, the one they spoke in last first', async () => expect(await titles()).toEqual(['Tea', null]));
  it('are listed to each person by themselves', async () => expect(await titles({}, someoneElse)).toEqual(['Theirs']));
  it('are listed to each tenant by itself', async () => expect(await titles({}, personId, otherTenant)).toEqual(['Their tea']));
});

describe('messages', () => {
  it('are listed in order, opened, each with its replies in the order they were asked for', async () =>
    expect(await messages(tea.conversationId)).toMatchObject([
      {
        messageId: tea.messageId,
        text: 'Which tea?',
        revision: 1n,
        replies: [
          { replyId: tea.replyId, status: 'completed', text: 'Green.', costMicroUsd: 5_000_000_000n, usageEstimated: false },
          { replyId: newReplyId, status: 'pending', text: null, replacesReplyId: tea.replyId, costMicroUsd: null },
        ],
      },
      { messageId: question, text: 'Why?', replies: [{ status: 'pending' }] },
    ]));
  it('show no more than is needed', async () => {
    const parts = { columns: ['sentAt'], replies: false };
    const [first] = (await new ListMessagesHandler(side.reads).execute(new ListMessages(tenantId, personId, tea.conversationId, page({}, 1), parts)))!;
    expect(first).toEqual({ tenantId, messageId: first?.messageId, revision: first?.revision, sentAt: first?.sentAt, replies: [] });
    expect(first?.sentAt).toBeInstanceOf(Date);
  });
  it('are paged from their end', async () => expect(await messages(tea.conversationId, { last: 1 })).toMatchObject([{ text: 'Why?' }, { text: 'Which tea?' }]));
  it('are none in a conversation where nothing was said', async () => {
    const silent = named();
    await record(silent, [started(silent, 'Silence')]);
    expect(await messages(silent.conversationId)).toEqual([]);
    await record(silent, [ConversationDeleted({ ...silent, deletedBy: personId, deletedAt: now })]);
  });
  it('of another tenant with equal ids are its own', async () =>
    expect(await messages(tea.conversationId, {}, personId, otherTenant)).toMatchObject([{ text: 'Their message', replies: [{ text: 'Their reply' }] }]));
  it.each([
    ['someone else', () => messages(tea.conversationId, {}, someoneElse)],
    ['another tenant', () => messages(milk.conversationId, {}, personId, otherTenant)],
    ['whoever deleted the conversation', () => messages(gone.conversationId)],
    ['whoever names one that there is not', () => messages(crypto.randomUUID())],
  ])('are not listed to %s', async (_, listed) => expect(await listed()).toBeUndefined());
});

describe('a reply', () => {
  it('is found by whom it answers, its text opened', async () => expect(await reply(tea.replyId)).toMatchObject({ status: 'completed', text: 'Green.' }));
  it('is found while it is pending', async () => expect(await reply(newReplyId)).toMatchObject({ status: 'pending', text: null }));
  it.each([
    ['someone else', () => reply(tea.replyId, someoneElse)],
    ['another tenant', () => reply(newReplyId, personId, otherTenant)],
    ['whoever deleted the conversation', () => reply(gone.replyId)],
    ['whoever names one that there is not', () => reply(crypto.randomUUID())],
  ])('is not found by %s', async (_, found) => expect(await found()).toBeUndefined());
});

it('what a person said is gone everywhere once their key is destroyed', async () => {
  const theirs = named();
  await record(theirs, [started(theirs, 'Canary', erased), sent(theirs, 'canary', minute(7), erased), replied(theirs, 'canary', erased)]);
  await side.keys.destroy({ tenantId, subjectId: erased });
  expect(await find(theirs.conversationId, erased)).toMatchObject({ title: ERASED });
  expect(await messages(theirs.conversationId, {}, erased)).toMatchObject([{ text: ERASED, replies: [{ text: ERASED, status: 'completed' }] }]);
});
