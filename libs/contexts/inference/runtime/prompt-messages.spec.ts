import { MessageImported, MessageSent, RegenerationRequested, ReplyImported, ReplyRecorded } from '@parley/chat/contract.js';
import { NO_USAGE, type Outcome } from '@parley/kernel/metering.js';
import { ERASED } from '@parley/kernel/personal.js';
import { now, personId } from '@parley/platform/testing/meta.js';
import { recorded } from '@parley/platform/testing/recorded.js';
import { PromptMessages } from './prompt-messages.js';

const [conversationId, agentId] = [crypto.randomUUID(), crypto.randomUUID()];
const ids = new Map<string, string>();
const idOf = (name: string) => ids.get(name) ?? ids.set(name, crypto.randomUUID()).get(name)!;

const said = (message: string, text = message) =>
  MessageSent({ conversationId, messageId: idOf(message), replyId: idOf(`${message}/1`), agentId, sentBy: personId, text, sentAt: now });
const again = (message: string, nth: number) =>
  RegenerationRequested({
    conversationId,
    messageId: idOf(message),
    replyId: idOf(`${message}/${nth}`),
    replacesReplyId: idOf(`${message}/${nth - 1}`),
    agentId,
    requestedBy: personId,
    requestedAt: now,
  });
const replied = (message: string, nth = 1, text = `re ${message} ${nth}`, outcome: Outcome = 'completed') =>
  ReplyRecorded({
    conversationId,
    messageId: idOf(message),
    replyId: idOf(`${message}/${nth}`),
    personId,
    outcome,
    text,
    finishReason: null,
    failureReason: null,
    attempt: 1,
    provider: 'simulator',
    model: 'sim-1',
    promptVersion: 1,
    usage: NO_USAGE,
    costMicroUsd: 0,
    firstTokenMs: null,
    latencyMs: 0,
    repliedAt: now,
  });

const brought = (message: string) => MessageImported({ conversationId, messageId: idOf(message), sentBy: personId, text: message, sentAt: now });
const broughtReply = (message: string, nth = 1) =>
  ReplyImported({ conversationId, messageId: idOf(message), replyId: idOf(`${message}/${nth}`), agentId, personId, text: `re ${message} ${nth}`, provider: '', model: 'gpt-4o', repliedAt: now });

function prompt(answered: string, facts: readonly ReturnType<typeof said | typeof again | typeof replied | typeof brought | typeof broughtReply>[], limits = { maxMessages: 50, maxCharacters: 1_000 }) {
  const messages = new PromptMessages(idOf(answered), limits);
  for (const fact of recorded(facts).toReversed()) messages.add(fact);
  return messages.result().map(({ role, text }) => `${role === 'user' ? '>' : '<'} ${text}`);
}

describe('the messages of a prompt', () => {
  it('end with the one that is answered', () => expect(prompt('a', [said('a')])).toEqual(['> a']));
  it('hold what was said before, in order', () => expect(prompt('b', [said('a'), replied('a'), said('b')])).toEqual(['> a', '< re a 1', '> b']));
  it('hold what was imported, and of several replies the last', () =>
    expect(prompt('b', [brought('a'), broughtReply('a'), broughtReply('a', 2), said('b')])).toEqual(['> a', '< re a 2', '> b']));
  it('hold nothing that was said after', () =>
    expect(prompt('a', [said('a'), replied('a'), said('b'), replied('b'), again('a', 2)])).toEqual(['> a']));
  it('hold a message whose reply is not there yet', () => expect(prompt('b', [said('a'), said('b'), replied('b')])).toEqual(['> a', '> b']));
  it('hold a reply that came after the next message', () =>
    expect(prompt('c', [said('a'), said('b'), replied('b'), replied('a'), said('c')])).toEqual(['> a', '< re a 1', '> b', '< re b 1', '> c']));
  it('hold of several replies the one asked for last', () =>
    expect(prompt('b', [said('a'), replied('a', 1), again('a', 2), again('a', 3), replied('a', 3), replied('a', 2), said('b')])).toEqual(['> a', '< re a 3', '> b']));
  it('hold what there was of a stopped reply', () =>
    expect(prompt('b', [said('a'), replied('a', 1, 'half', 'stopped'), said('b')])).toEqual(['> a', '< half', '> b']));
  it('hold no failed reply, but the one that it was to replace', () =>
    expect(prompt('b', [said('a'), replied('a', 1), again('a', 2), replied('a', 2, 'broken', 'failed'), said('b')])).toEqual(['> a', '< re a 1', '> b']));
  it('hold no empty reply', () => expect(prompt('b', [said('a'), replied('a', 1, '', 'stopped'), said('b')])).toEqual(['> a', '> b']));
  it('hold nothing of someone who was erased', () =>
    expect(prompt('b', [said('a', ERASED), replied('a', 1, ERASED), said('b')])).toEqual(['> b']));
  it('are none when the person who asked was erased', () => expect(prompt('b', [said('a'), said('b', ERASED)])).toEqual([]));
  it('are none when the message is not there', () => expect(prompt('b', [said('a')])).toEqual([]));

  const long = [said('a'), replied('a'), said('b'), replied('b'), said('c')];
  it('leave out the oldest, a turn at a time', () => expect(prompt('c', long, { maxMessages: 4, maxCharacters: 1_000 })).toEqual(['> b', '< re b 1', '> c']));
  it('leave out what is too long', () => expect(prompt('c', long, { maxMessages: 50, maxCharacters: 9 })).toEqual(['> b', '< re b 1', '> c']));
  it('hold the one that is answered however long it is', () => expect(prompt('c', [said('a'), said('c', 'very long')], { maxMessages: 50, maxCharacters: 3 })).toEqual(['> very long']));
});
