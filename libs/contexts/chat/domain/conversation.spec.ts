import { fold } from '@parley/kernel/decider.js';
import { NO_USAGE } from '@parley/kernel/metering.js';
import { meta, now, personId } from '@parley/platform/testing/meta.js';
import { specFor } from '@parley/platform/testing/spec-for.js';
import { type ConversationCommand, DeleteConversation, RecordReply, RegenerateReply, RenameConversation, SendMessage, StartConversation, StopReply } from './conversation.commands.js';
import {
  AgentNotActive,
  AgentNotFound,
  ConversationIdTaken,
  ConversationNotFound,
  ReplyIdTaken,
  ReplyNotFound,
  ReplyNotSettled,
  ReplyReplaced,
  TooManyPendingReplies,
  TooManyRegenerations,
} from './conversation.errors.js';
import {
  ConversationDeleted,
  type ConversationEvent,
  ConversationRenamed,
  ConversationStarted,
  MessageSent,
  RegenerationRequested,
  ReplyRecorded,
  ReplyStopRequested,
} from './conversation.events.js';
import { type Conversation, conversation, conversationWith, MAX_PENDING_REPLIES, MAX_REPLIES_PER_MESSAGE, REPLY_WINDOW } from './conversation.js';

const given = specFor(conversation);
const ids = (kind: string) => (n: number) => `0190a000-0000-7000-8000-${kind}${n.toString(16).padStart(11, '0')}`;
const [conversationId, agentId] = [ids('c')(1), ids('a')(1)];
const [message, reply] = [ids('e'), ids('f')];
const someoneElse = { ...meta, actor: { ...meta.actor, id: ids('d')(1) } };

const started = ConversationStarted({ conversationId, agentId, startedBy: personId, title: 'Tea', startedAt: now });
const sent = (n = 1) => MessageSent({ conversationId, messageId: message(n), replyId: reply(n), agentId, sentBy: personId, text: 'Hello', sentAt: now });
/** Reply `n` replaces reply `n - 1`. */
const regenerationOf = (n: number, messageId = message(1)) =>
  RegenerationRequested({ conversationId, messageId, replyId: reply(n), replacesReplyId: reply(n - 1), agentId, requestedBy: personId, requestedAt: now });
const stopRequested = (n = 1) => ReplyStopRequested({ conversationId, replyId: reply(n), requestedBy: personId, requestedAt: now });
const outcome = (n = 1, messageId = message(n)) => ({
  conversationId,
  messageId,
  replyId: reply(n),
  personId,
  outcome: 'completed' as const,
  text: 'Hi!',
  finishReason: 'stop' as const,
  failureReason: null,
  attempt: 1,
  provider: 'simulator',
  model: 'sim-small',
  promptVersion: 1,
  usage: { ...NO_USAGE, inputTokens: 3, outputTokens: 2 },
  costMicroUsd: 40,
  firstTokenMs: 20,
  latencyMs: 50,
});
const recorded = (n = 1, messageId = message(n)) => ReplyRecorded({ ...outcome(n, messageId), repliedAt: now });
const renamed = ConversationRenamed({ conversationId, title: 'Coffee', renamedBy: personId, renamedAt: now });
const deleted = ConversationDeleted({ conversationId, deletedBy: personId, deletedAt: now });

const start = (by = meta, title: string | null = 'Tea') => new StartConversation({ conversationId, agentId, title }, by);
const send = (n = 1, by = meta) => new SendMessage({ conversationId, messageId: message(n), replyId: reply(n), text: 'Hello' }, by);
const regenerate = (n: number, by = meta) => new RegenerateReply({ conversationId, replyId: reply(n), replacesReplyId: reply(n - 1) }, by);
const stop = (n = 1, by = meta) => new StopReply({ conversationId, replyId: reply(n) }, by);
const record = (n = 1) => new RecordReply(outcome(n), meta);
const rename = (by = meta) => new RenameConversation({ conversationId, title: 'Coffee' }, by);
const remove = (by = meta) => new DeleteConversation({ conversationId }, by);

const many = <Item>(count: number, each: (n: number) => Item) => Array.from({ length: count }, (_, index) => each(index + 1));

describe('a conversation', () => {
  it('starts', () => given().when(start()).then(started));
  it('starts once, though the start be repeated', () => given(started).when(start()).thenNothing());
  it('starts once, though it was renamed and deleted since', () => given(started, renamed, deleted).when(start()).thenNothing());
  it("does not take another conversation's id", () => given(started).when(start(meta, 'Milk')).thenRefuses(ConversationIdTaken));
  it("does not take the id of someone else's", () => given(started).when(start(someoneElse)).thenRefuses(ConversationIdTaken));

  it('is renamed', () => given(started).when(rename()).then(renamed));
  it('is renamed to the same title once', () => given(started, renamed).when(rename()).thenNothing());

  it('is deleted', () => given(started).when(remove()).then(deleted));
  it('is deleted once', () => given(started, deleted).when(remove()).thenNothing());
  it('stops what is being made when it is deleted', () =>
    given(started, sent(1), recorded(1), sent(2), stopRequested(2), sent(3)).when(remove()).then(stopRequested(3), deleted));
});

describe('a message', () => {
  it('is sent to the agent of the conversation', () => given(started).when(send()).then(sent()));
  it('is sent once', () => given(started, sent()).when(send()).thenNothing());
  it('is sent once, though its reply has come', () => given(started, sent(), recorded()).when(send()).thenNothing());
  it('is sent while another is being answered', () => given(started, sent(1)).when(send(2)).then(sent(2)));
  it('does not ask for a reply that was asked for', () =>
    given(started, sent()).when(new SendMessage({ ...send(2).data, replyId: reply(1) }, meta)).thenRefuses(ReplyIdTaken));
  it('waits when too many are being answered', () =>
    given(started, ...many(MAX_PENDING_REPLIES, sent)).when(send(MAX_PENDING_REPLIES + 1)).thenRefuses(TooManyPendingReplies));
  it('is sent when one of too many has been answered', () =>
    given(started, ...many(MAX_PENDING_REPLIES, sent), recorded(1)).when(send(MAX_PENDING_REPLIES + 1)).then(sent(MAX_PENDING_REPLIES + 1)));
  it.each(['  ', 'a\0b', '\ud800', 'x'.repeat(32_001)])('has no text like %j', (text) =>
    expect(() => new SendMessage({ ...send().data, text }, meta)).toThrow());
});

describe('an agent that is archived or unknown', () => {
  const [archived, unknown] = [specFor(conversationWith('archived')), specFor(conversationWith('unknown'))];

  it('gets no conversation', () => {
    archived().when(start()).thenRefuses(AgentNotActive);
    unknown().when(start()).thenRefuses(AgentNotFound);
  });
  it('gets no message', () => {
    archived(started).when(send()).thenRefuses(AgentNotActive);
    unknown(started).when(send()).thenRefuses(AgentNotFound);
  });
  it('makes no other reply', () => archived(started, sent(), recorded()).when(regenerate(2)).thenRefuses(AgentNotActive));
  it('does not change the answer to a repeat', () => {
    archived(started).when(start()).thenNothing();
    archived(started, sent()).when(send()).thenNothing();
    archived(started, sent(), recorded(), regenerationOf(2)).when(regenerate(2)).thenNothing();
  });
  it('is not told of to whom the conversation does not belong', () => archived(started).when(send(1, someoneElse)).thenRefuses(ConversationNotFound));
});

describe('another reply', () => {
  it('is asked for when the first has ended', () => given(started, sent(), recorded()).when(regenerate(2)).then(regenerationOf(2)));
  it('is asked for once', () => given(started, sent(), recorded(), regenerationOf(2)).when(regenerate(2)).thenNothing());
  it('is asked for again when it has ended itself', () =>
    given(started, sent(), recorded(), regenerationOf(2), recorded(2, message(1))).when(regenerate(3)).then(regenerationOf(3)));
  it('is not asked for while the first is being made', () => given(started, sent()).when(regenerate(2)).thenRefuses(ReplyNotSettled));
  it('is not asked for in place of one that was replaced', () =>
    given(started, sent(), recorded(), regenerationOf(2), recorded(2, message(1)))
      .when(new RegenerateReply({ conversationId, replyId: reply(3), replacesReplyId: reply(1) }, meta))
      .thenRefuses(ReplyReplaced));
  it('is not asked for in place of one that there is not', () => given(started).when(regenerate(2)).thenRefuses(ReplyNotFound));
  it('does not take the id of a reply that there is', () =>
    given(started, sent(1), recorded(1), sent(2)).when(regenerate(2)).thenRefuses(ReplyIdTaken));
  it('waits when too many are being made', () =>
    given(started, sent(1), recorded(1), ...many(MAX_PENDING_REPLIES, (n) => sent(n + 100))).when(regenerate(2)).thenRefuses(TooManyPendingReplies));
  it('has an end', () => {
    const others = many(MAX_REPLIES_PER_MESSAGE - 1, (n) => [regenerationOf(n + 1), recorded(n + 1, message(1))]).flat();
    given(started, sent(), recorded(), ...others).when(regenerate(MAX_REPLIES_PER_MESSAGE + 1)).thenRefuses(TooManyRegenerations);
  });
});

describe('a reply', () => {
  it('is stopped while it is being made', () => given(started, sent()).when(stop()).then(stopRequested()));
  it('is stopped once', () => given(started, sent(), stopRequested()).when(stop()).thenNothing());
  it('has nothing to stop when it has ended', () => given(started, sent(), recorded()).when(stop()).thenNothing());
  it('is not stopped where there is none', () => given(started).when(stop()).thenRefuses(ReplyNotFound));

  it('is recorded', () => given(started, sent()).when(record()).then(recorded()));
  it('is recorded once', () => given(started, sent(), recorded()).when(record()).thenNothing());
  it('is recorded though someone asked to stop it', () => given(started, sent(), stopRequested()).when(record()).then(recorded()));
  it('is recorded though the conversation was deleted', () => given(started, sent(), stopRequested(), deleted).when(record()).then(recorded()));
  it('is not recorded where nobody asked for it', () => given(started).when(record()).thenRefuses(ReplyNotFound));
  it('is not recorded where there is no conversation', () => given().when(record()).thenRefuses(ConversationNotFound));
  it('belongs to who started the conversation, whatever the command says', () =>
    given(started, sent()).when(new RecordReply({ ...outcome(), personId: someoneElse.actor.id, messageId: message(9) }, meta)).then(recorded()));
});

describe('to someone else, before it starts and after it is deleted', () => {
  const commands = (by: typeof meta) => [send(1, by), regenerate(2, by), stop(1, by), rename(by), remove(by)];

  it.each(commands(someoneElse))('a conversation does not exist: $type', (command) => given(started, sent(), recorded()).when(command).thenRefuses(ConversationNotFound));
  it.each(commands(meta))('a conversation that has not started does not exist: $type', (command) => given().when(command).thenRefuses(ConversationNotFound));
  it.each([send(), regenerate(2), stop(), rename(), remove(someoneElse)])('a deleted conversation does not exist: $type', (command) =>
    given(started, sent(), recorded(), deleted).when(command).thenRefuses(ConversationNotFound));
});

describe('a long conversation', () => {
  const long = many(10 * REPLY_WINDOW, (n) => [sent(n), recorded(n)]).flat();

  it('remembers a bounded number of replies', () =>
    expect(fold<Conversation, ConversationCommand, ConversationEvent>(conversation, [started, ...long])).toMatchObject({ status: 'open', replies: { length: REPLY_WINDOW } }));
  it('forgets no reply that is still being made', () =>
    given(started, sent(10_000), ...long).when(new RecordReply(outcome(10_000), meta)).then(recorded(10_000)));
  it('no longer knows its first reply', () => given(started, ...long).when(regenerate(2)).thenRefuses(ReplyNotFound));
});
