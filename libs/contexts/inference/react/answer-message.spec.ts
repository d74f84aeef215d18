import { MessageSent, RegenerationRequested, ReplyStopRequested } from '@parley/chat/contract.js';
import type { Fact } from '@parley/kernel/event.js';
import type { React } from '@parley/kernel/reactor.js';
import { meta, now, personId } from '@parley/platform/testing/meta.js';
import { recorded } from '@parley/platform/testing/recorded.js';
import { RequestGeneration, RequestStop } from '../domain/generation.commands.js';
import { answerMessage } from './answer-message.reactor.js';

const [replyId, conversationId, messageId, agentId] = [crypto.randomUUID(), crypto.randomUUID(), crypto.randomUUID(), crypto.randomUUID()];
const about = { replyId, conversationId, messageId, agentId, personId };

const sent = MessageSent({ conversationId, messageId, replyId, agentId, sentBy: personId, text: 'Hello', sentAt: now });
const again = RegenerationRequested({ conversationId, messageId, replyId, replacesReplyId: crypto.randomUUID(), agentId, requestedBy: personId, requestedAt: now });
const enough = ReplyStopRequested({ conversationId, replyId, requestedBy: personId, requestedAt: now });

const react = (fact: Fact) => (answerMessage.on as Record<string, React<never>>)[fact.type]!(fact as never, () => meta);
const reactionTo = (event: typeof sent | typeof again | typeof enough) => react(recorded([event])[0]!);

describe('answering a message', () => {
  it('starts a generation for a message', () => expect(reactionTo(sent)).toEqual([new RequestGeneration(about, meta)]));
  it('starts another for a regeneration', () => expect(reactionTo(again)).toEqual([new RequestGeneration(about, meta)]));
  it('stops one that nobody wants any more', () => expect(reactionTo(enough)).toEqual([new RequestStop({ replyId }, meta)]));
  it.each([sent, again, enough])('asks for the same when $type comes twice', (event) => expect(reactionTo(event)).toEqual(reactionTo(event)));
});
