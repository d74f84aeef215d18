import { meta, now, personId } from '@parley/platform/testing/meta.js';
import { specFor } from '@parley/platform/testing/spec-for.js';
import { DeleteConversation, ImportConversation, type ImportedMessage, ImportMessages, SendMessage, StartConversation } from './conversation.commands.js';
import { AgentNotActive, AgentNotFound, ConversationGoneOn, ConversationIdTaken, ConversationNotFound, ImportOutOfOrder } from './conversation.errors.js';
import { ConversationDeleted, ConversationImported, ConversationStarted, MessageImported, MessageSent, ReplyImported } from './conversation.events.js';
import { conversation, conversationWith } from './conversation.js';

const given = specFor(conversation);
const id = (kind: string, n = 1) => `0190a000-0000-7000-8000-${kind}${n.toString(16).padStart(11, '0')}`;
const [conversationId, agentId] = [id('c'), id('a')];
const someoneElse = { ...meta, actor: { ...meta.actor, id: id('d') } };
const then = '2023-11-14T22:13:20.000Z';

const message = (n: number, replies = 1): ImportedMessage => ({
  messageId: id('e', n),
  text: `question ${n}`,
  sentAt: then,
  replies: Array.from({ length: replies }, (_, index) => ({ replyId: id('f', n * 100 + index), text: `answer ${n}.${index}`, provider: '', model: 'gpt-4o', repliedAt: then })),
});
const said = (n: number) => MessageImported({ conversationId, messageId: id('e', n), sentBy: personId, text: `question ${n}`, sentAt: then });
const answered = (n: number, index = 0) =>
  ReplyImported({ conversationId, messageId: id('e', n), replyId: id('f', n * 100 + index), agentId, personId, text: `answer ${n}.${index}`, provider: '', model: 'gpt-4o', repliedAt: then });

const about = { conversationId, agentId, title: 'Tea', source: 'chatgpt', startedAt: then } as const;
const imported = ConversationImported({ ...about, startedBy: personId, importedAt: now });
const begin = (by = meta) => new ImportConversation(about, by);
const bring = (from: number, messages: ImportedMessage[], by = meta) => new ImportMessages({ conversationId, from, messages }, by);
const sent = MessageSent({ conversationId, messageId: id('e', 90), replyId: id('f', 9000), agentId, sentBy: personId, text: 'Hello', sentAt: now });
const deleted = ConversationDeleted({ conversationId, deletedBy: personId, deletedAt: now });
const started = ConversationStarted({ conversationId, agentId, startedBy: personId, title: 'Tea', startedAt: now });

describe('a conversation that is imported', () => {
  it('begins with where it came from and when it was', () => given().when(begin()).then(imported));
  it('begins once', () => given(imported).when(begin()).thenNothing());
  it('is nobody else’s', () => given(imported).when(begin(someoneElse)).thenRefuses(ConversationIdTaken));
  it('does not take the place of one that was started here', () => given(started).when(begin()).thenRefuses(ConversationIdTaken));
  it('is not started here a second time', () => given(imported).when(new StartConversation({ conversationId, agentId, title: null }, meta)).thenRefuses(ConversationIdTaken));
  it('goes on with an agent that there is', () => {
    specFor(conversationWith('unknown'))().when(begin()).thenRefuses(AgentNotFound);
    specFor(conversationWith('archived'))().when(begin()).thenRefuses(AgentNotActive);
    specFor(conversationWith('archived'))(imported).when(begin()).thenNothing();
  });
});

describe('what was said there', () => {
  it('comes along, each message with its replies', () => given(imported).when(bring(0, [message(1, 2), message(2, 0)])).then(said(1), answered(1, 0), answered(1, 1), said(2)));
  it('goes on where it ended', () => given(imported, said(1), answered(1)).when(bring(1, [message(2)])).then(said(2), answered(2)));
  it('comes once', () => given(imported, said(1), answered(1), said(2)).when(bring(0, [message(1), message(2)])).thenNothing());
  it('comes again with what is new', () => given(imported, said(1), answered(1)).when(bring(0, [message(1), message(2)])).then(said(2), answered(2)));
  it('comes in order', () => given(imported, said(1)).when(bring(2, [message(3)])).thenRefuses(ImportOutOfOrder));
  it('is not brought by another', () => given(imported).when(bring(0, [message(1)], someoneElse)).thenRefuses(ConversationNotFound));
  it('is not added to what was started here', () => given(started).when(bring(0, [message(1)])).thenRefuses(ConversationGoneOn));
  it('is not added to what has gone on here', () => given(imported, said(1), sent).when(bring(1, [message(2)])).thenRefuses(ConversationGoneOn));
  it('is there already though it has gone on here', () => given(imported, said(1), sent).when(bring(0, [message(1)])).thenNothing());
  it('is not added to what was deleted', () => given(imported, deleted).when(bring(0, [message(1)])).thenRefuses(ConversationNotFound));
});

describe('an imported conversation', () => {
  it('goes on like any other', () =>
    given(imported, said(1), answered(1)).when(new SendMessage({ conversationId, messageId: id('e', 90), replyId: id('f', 9000), text: 'Hello' }, meta)).then(sent));
  it('is deleted like any other', () => given(imported, said(1)).when(new DeleteConversation({ conversationId }, meta)).then(deleted));
});
