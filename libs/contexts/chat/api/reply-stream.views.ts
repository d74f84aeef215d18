import type { FailureReason, FinishReason, Outcome, TokenUsage } from '@parley/kernel/metering.js';
import { type Chunk, firstSequence } from '@parley/platform/live/live-chunks.js';
import type { ReplyRow } from '../read/replies/replies.projection.js';
import type { ReplyEnd } from './reply-news.js';
import { ReplyChunk, ReplyCompleted, ReplyFailed, ReplySnapshot, ReplyStopped, type ReplySettled } from './reply-stream.types.js';

/** How a reply ended, whoever told it. */
export interface Ending extends Omit<ReplySettled, 'usage'> {
  readonly outcome: Outcome;
  readonly finishReason: FinishReason | null;
  readonly failureReason: FailureReason | null;
  readonly usage: TokenUsage;
}

/** @param fact opened */
export function endingOf({ data }: ReplyEnd): Ending {
  const { replyId, outcome, finishReason, failureReason, attempt, text, provider, model, promptVersion, usage, costMicroUsd, firstTokenMs, latencyMs } = data;
  return { replyId, outcome, finishReason, failureReason, attempt, text, provider, model, promptVersion, usage, costMicroUsd, firstTokenMs, latencyMs };
}

/** @param row opened; undefined when the reply is still being made */
export function endingIn(row: ReplyRow): Ending | undefined {
  if (row.status === 'pending') return undefined;
  const { replyId, status: outcome, finishReason, failureReason, firstTokenMs } = row;
  return {
    replyId,
    outcome,
    finishReason,
    failureReason,
    firstTokenMs,
    attempt: row.attempt!, // of a settled reply there is all of it
    text: row.text!,
    provider: row.provider!,
    model: row.model!,
    promptVersion: row.promptVersion!,
    usage: {
      inputTokens: row.inputTokens!,
      cachedInputTokens: row.cachedInputTokens!,
      outputTokens: row.outputTokens!,
      reasoningTokens: row.reasoningTokens!,
      estimated: row.usageEstimated!,
    },
    costMicroUsd: Number(row.costMicroUsd),
    latencyMs: row.latencyMs!,
  };
}

export const chunkEvent = (replyId: string, chunk: Chunk): ReplyChunk => Object.assign(new ReplyChunk(), { replyId, ...chunk });

/** Nothing follows a settled text but its end, so the reader goes on behind all of its attempt. */
export const snapshotEvent = ({ replyId, attempt, text }: Ending): ReplySnapshot =>
  Object.assign(new ReplySnapshot(), { replyId, attempt, text, nextSequence: firstSequence(attempt + 1) });

export function endEvent({ outcome, finishReason, failureReason, ...settled }: Ending): ReplyCompleted | ReplyStopped | ReplyFailed {
  switch (outcome) {
    case 'completed':
      return Object.assign(new ReplyCompleted(), settled, { finishReason });
    case 'stopped':
      return Object.assign(new ReplyStopped(), settled);
    case 'failed':
      return Object.assign(new ReplyFailed(), settled, { failureReason });
  }
}
