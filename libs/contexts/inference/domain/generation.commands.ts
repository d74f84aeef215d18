import { defineCommand } from '@parley/kernel/command.js';
import { id } from '@parley/kernel/meta.js';
import { FAILURE_REASONS, FINISH_REASONS, microUsd, tokenUsage } from '@parley/kernel/metering.js';
import { z } from 'zod';

/** How many times a provider may be called for one reply. */
export const MAX_ATTEMPTS = 3;

/** Which reply, to what, for whom. */
const about = { replyId: id, conversationId: id, messageId: id, personId: id, agentId: id };

/** Who answers: the agent's prompt version that is active now, and its parameters. */
const answeredBy = z.object({
  promptVersion: z.int().positive(),
  provider: z.string(),
  model: z.string(),
  temperature: z.number().nullable(),
  maxOutputTokens: z.int().positive().nullable(),
});
export type AnsweredBy = Readonly<z.output<typeof answeredBy>>;

/** From the reactor: a message waits for its reply. The handler asks who answers, and starts the generation. */
export class RequestGeneration extends defineCommand('RequestGeneration', z.object(about)) {}

/** `by` is null when the agent cannot answer: the generation then fails at once. Idempotent per `replyId`. */
export class StartGeneration extends defineCommand('StartGeneration', z.object({ ...about, by: answeredBy.nullable() })) {}

/** A worker is about to call the provider. */
export class StartAttempt extends defineCommand(
  'StartAttempt',
  z.object({ replyId: id, attempt: z.int().min(1).max(MAX_ATTEMPTS), workerId: z.string(), promptHash: z.string(), messages: z.int().nonnegative() }),
) {}

/** What an attempt consumed. */
const consumed = { usage: tokenUsage, costMicroUsd: microUsd, priceVersion: z.string().nullable() };

/** The attempt came to nothing, and another will follow. */
export class FailAttempt extends defineCommand(
  'FailAttempt',
  z.object({ replyId: id, attempt: z.int().positive(), failureReason: z.enum(FAILURE_REASONS), providerError: z.string().nullable(), ...consumed }),
) {}

/** Tells the worker that has the generation to end it with what there is. Idempotent. */
export class RequestStop extends defineCommand('RequestStop', z.object({ replyId: id })) {}

/** From the reactor: a person was erased. Each of their generations that runs is stopped. Idempotent. */
export class StopGenerationsOf extends defineCommand('StopGenerationsOf', z.object({ personId: id })) {}

/** What the current attempt gave; 0 when there was none. */
const result = {
  replyId: id,
  attempt: z.int().nonnegative(),
  text: z.string(),
  ...consumed,
  providerUsage: z.string().nullable(),
  firstTokenMs: z.int().nonnegative().nullable(),
  latencyMs: z.int().nonnegative(),
};

/** Settles a generation with the model's whole reply. Only the current attempt can; a settled one stays as it is. */
export class CompleteGeneration extends defineCommand('CompleteGeneration', z.object({ ...result, finishReason: z.enum(FINISH_REASONS) })) {}

/** Settles a generation that a person stopped, with what there was. Only the current attempt can. */
export class StopGeneration extends defineCommand('StopGeneration', z.object(result)) {}

/** Settles a generation that no attempt brought to an end, with what the last one gave. */
export class FailGeneration extends defineCommand(
  'FailGeneration',
  z.object({ ...result, failureReason: z.enum(FAILURE_REASONS), providerError: z.string().nullable() }),
) {}

export type GenerationCommand =
  | StartGeneration
  | StartAttempt
  | FailAttempt
  | RequestStop
  | CompleteGeneration
  | StopGeneration
  | FailGeneration;
