import { GenerationCompleted, GenerationFailed, GenerationStopped } from '@parley/inference/contract.js';
import type { EventOf, Fact } from '@parley/kernel/event.js';
import type { Meta } from '@parley/kernel/meta.js';
import { defineReactor } from '@parley/kernel/reactor.js';
import { RecordReply } from '../domain/conversation.commands.js';

type Settlement = EventOf<typeof GenerationCompleted | typeof GenerationStopped | typeof GenerationFailed>;

/** What became of a generation becomes the reply in its conversation. */
export const recordReply = defineReactor<Settlement>({
  name: 'chat.record-reply',
  events: { GenerationCompleted, GenerationStopped, GenerationFailed },
  on: {
    GenerationCompleted: (fact, meta) => [record(fact, meta(), { outcome: 'completed', finishReason: fact.data.finishReason, failureReason: null })],
    GenerationStopped: (fact, meta) => [record(fact, meta(), { outcome: 'stopped', finishReason: null, failureReason: null })],
    GenerationFailed: (fact, meta) => [record(fact, meta(), { outcome: 'failed', finishReason: null, failureReason: fact.data.failureReason })],
  },
});

function record({ data }: Fact<Settlement>, meta: Meta, end: Pick<RecordReply['data'], 'outcome' | 'finishReason' | 'failureReason'>): RecordReply {
  const { conversationId, messageId, replyId, personId, text, attempt, provider, model, promptVersion, usage, costMicroUsd, firstTokenMs, latencyMs } = data;
  const made = { text, attempt, provider, model, promptVersion, usage, costMicroUsd, firstTokenMs, latencyMs };
  return new RecordReply({ conversationId, messageId, replyId, personId, ...end, ...made }, meta);
}
