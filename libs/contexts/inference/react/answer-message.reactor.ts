import type { EventOf } from '@parley/kernel/event.js';
import { defineReactor } from '@parley/kernel/reactor.js';
import { MessageSent, RegenerationRequested, ReplyStopRequested } from '@parley/chat/contract.js';
import { RequestGeneration, RequestStop } from '../domain/generation.commands.js';

/**
 * Chat's wishes become generations: a message or a regeneration starts one, a stop ends it. One reactor for all three: a stop must
 * not overtake the start that it is about.
 */
export const answerMessage = defineReactor<EventOf<typeof MessageSent | typeof RegenerationRequested | typeof ReplyStopRequested>>({
  name: 'inference.answer-message',
  events: { MessageSent, RegenerationRequested, ReplyStopRequested },
  on: {
    MessageSent: ({ data: { replyId, conversationId, messageId, agentId, sentBy } }, meta) => [
      new RequestGeneration({ replyId, conversationId, messageId, agentId, personId: sentBy }, meta()),
    ],
    RegenerationRequested: ({ data: { replyId, conversationId, messageId, agentId, requestedBy } }, meta) => [
      new RequestGeneration({ replyId, conversationId, messageId, agentId, personId: requestedBy }, meta()),
    ],
    ReplyStopRequested: ({ data: { replyId } }, meta) => [new RequestStop({ replyId }, meta())],
  },
});
