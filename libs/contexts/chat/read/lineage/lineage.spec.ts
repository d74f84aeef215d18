import { AttemptFailed, AttemptStarted, GenerationCompleted, GenerationFailed, GenerationStarted } from '@parley/inference/contract.js';
import { now } from '@parley/platform/testing/meta.js';
import { recorded } from '@parley/platform/testing/recorded.js';
import { lineageOf } from './lineage.js';

const replyId = crypto.randomUUID();
const about = { replyId, conversationId: crypto.randomUUID(), messageId: crypto.randomUUID(), personId: crypto.randomUUID(), agentId: crypto.randomUUID() };
const by = { promptVersion: 3, provider: 'simulator', model: 'sim-1', temperature: 0.5, maxOutputTokens: 100 };
const usage = { inputTokens: 10, cachedInputTokens: 2, outputTokens: 5, reasoningTokens: 1, estimated: false };
const end = { text: 'Hello.', usage, providerUsage: null, costMicroUsd: 42, priceVersion: '2026-01', firstTokenMs: 3, latencyMs: 9, settledAt: now };

const started = GenerationStarted({ ...about, ...by, startedAt: now });
const attempt = (number: number) => AttemptStarted({ replyId, attempt: number, workerId: 'w', promptHash: `hash-${number}`, messages: 3, startedAt: now });
const failed = AttemptFailed({ replyId, attempt: 1, failureReason: 'provider-rate-limited', providerError: '429', usage, costMicroUsd: 7, priceVersion: '2026-01', failedAt: now });
const completed = GenerationCompleted({ ...about, ...by, ...end, attempt: 2, finishReason: 'stop' });

it('is nothing before the generation begins', () => expect(lineageOf([])).toBeUndefined());

it('says by which prompt, model and parameters, in which attempts, at which price', () => {
  const lineage = lineageOf(recorded([started, attempt(1), failed, attempt(2), completed]));
  expect(lineage).toMatchObject({ ...by, replyId, agentId: about.agentId, status: 'completed', usage, costMicroUsd: 42, priceVersion: '2026-01', settledAt: new Date(now) });
  expect(lineage!.attempts).toMatchObject([
    { attempt: 1, promptHash: 'hash-1', messages: 3, failureReason: 'provider-rate-limited', providerError: '429', costMicroUsd: 7 },
    { attempt: 2, promptHash: 'hash-2', failureReason: null, usage, costMicroUsd: 42 },
  ]);
});

it('is told while the reply is being made, and when it failed', () => {
  expect(lineageOf(recorded([started, attempt(1)]))).toMatchObject({ status: 'pending', settledAt: null, attempts: [{ attempt: 1, failureReason: null, costMicroUsd: 0 }] });
  const gaveUp = GenerationFailed({ ...about, ...by, ...end, attempt: 1, failureReason: 'provider-unavailable', providerError: '503' });
  expect(lineageOf(recorded([started, attempt(1), gaveUp]))).toMatchObject({ status: 'failed', attempts: [{ failureReason: 'provider-unavailable', providerError: '503' }] });
});
