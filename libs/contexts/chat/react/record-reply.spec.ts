import { GenerationCompleted, GenerationFailed, GenerationStopped } from '@parley/inference/contract.js';
import type { Event, Fact } from '@parley/kernel/event.js';
import type { Meta } from '@parley/kernel/meta.js';
import type { React } from '@parley/kernel/reactor.js';
import { meta, now, personId } from '@parley/platform/testing/meta.js';
import { recorded } from '@parley/platform/testing/recorded.js';
import { recordReply } from './record-reply.reactor.js';

const [conversationId, messageId, replyId, agentId] = [crypto.randomUUID(), crypto.randomUUID(), crypto.randomUUID(), crypto.randomUUID()];
const usage = { inputTokens: 3, cachedInputTokens: 4, outputTokens: 2, reasoningTokens: 1, estimated: false };
/** What the conversation keeps of a settlement. */
const reply = {
  conversationId,
  messageId,
  replyId,
  personId,
  text: 'Hi!',
  attempt: 2,
  provider: 'simulator',
  model: 'sim-small',
  promptVersion: 3,
  usage,
  costMicroUsd: 40,
  firstTokenMs: 20,
  latencyMs: 50,
};
const settled = { ...reply, agentId, temperature: null, maxOutputTokens: null, providerUsage: '{}', priceVersion: '2025-01', settledAt: now };

const completed = GenerationCompleted({ ...settled, finishReason: 'length' });
const stopped = GenerationStopped({ ...settled, firstTokenMs: null });
const failed = GenerationFailed({ ...settled, failureReason: 'stream-cut', providerError: null });

function reactionTo(event: Event) {
  const [fact] = recorded([event]) as [Fact];
  const metaOf = (index = 0): Meta => ({ ...meta, commandId: `${fact.eventId}/${index}`, causationId: fact.eventId });
  const commands = (recordReply.on as Readonly<Record<string, React<Event>>>)[event.type]!(fact, metaOf);
  return { fact, commands, again: (recordReply.on as Readonly<Record<string, React<Event>>>)[event.type]!(fact, metaOf) };
}

it.each([
  { event: completed, ...reply, outcome: 'completed', finishReason: 'length', failureReason: null },
  { event: stopped, ...reply, outcome: 'stopped', firstTokenMs: null, finishReason: null, failureReason: null },
  { event: failed, ...reply, outcome: 'failed', finishReason: null, failureReason: 'stream-cut' },
])('a generation that was $outcome is recorded as such in its conversation', ({ event, ...data }) => {
  const { fact, commands } = reactionTo(event);
  expect(commands).toEqual([expect.objectContaining({ type: 'RecordReply', data, meta: expect.objectContaining({ causationId: fact.eventId }) as Meta })]);
});

it.each([completed, stopped, failed])('$type leads to the same command the second time', (event) => {
  const { commands, again } = reactionTo(event);
  expect(again).toEqual(commands);
});
