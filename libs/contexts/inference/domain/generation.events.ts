import { defineEvent, type EventOf } from '@parley/kernel/event.js';
import { id, instant } from '@parley/kernel/meta.js';
import { FAILURE_REASONS, FINISH_REASONS, microUsd, tokenUsage } from '@parley/kernel/metering.js';
import { personal } from '@parley/kernel/personal.js';
import { z } from 'zod';

/** Names the streams of generations: `streamName(GENERATION_CATEGORY, tenantId, replyId)`. */
export const GENERATION_CATEGORY = 'inference.generation';

/** Which reply, to what, for whom. */
const about = { replyId: id, conversationId: id, messageId: id, personId: id, agentId: id };

/** Who answers: the prompt version that was active, and its parameters. */
const by = {
  promptVersion: z.int().nonnegative(),
  provider: z.string(),
  model: z.string(),
  temperature: z.number().nullable(),
  maxOutputTokens: z.int().positive().nullable(),
};

/** A reply is to be made. First fact of every generation stream; a runtime worker takes it up. */
export const GenerationStarted = defineEvent('GenerationStarted', z.object({ ...about, ...by, startedAt: instant }));

/** A worker calls the provider. The attempt before, if any, is dead: its text does not count, its usage does. */
export const AttemptStarted = defineEvent(
  'AttemptStarted',
  z.object({
    replyId: id,
    attempt: z.int().positive(),
    workerId: z.string(),
    /** SHA-256 of the assembled prompt in canonical JSON, hexadecimal; keyed, so that it does not tell a short text. */
    promptHash: z.string(),
    /** How many messages of the conversation the prompt holds. */
    messages: z.int().nonnegative(),
    startedAt: instant,
  }),
);

/** An attempt came to nothing, and another may follow. What it cost is kept. */
export const AttemptFailed = defineEvent(
  'AttemptFailed',
  z.object({
    replyId: id,
    attempt: z.int().positive(),
    failureReason: z.enum(FAILURE_REASONS),
    /** What the provider said, without personal text: status and code. */
    providerError: z.string().nullable(),
    usage: tokenUsage,
    costMicroUsd: microUsd,
    priceVersion: z.string().nullable(),
    failedAt: instant,
  }),
);

/** Someone wants no more of it: the worker that has it ends it with what there is. */
export const GenerationStopRequested = defineEvent('GenerationStopRequested', z.object({ replyId: id, requestedAt: instant }));

const settlement = z.object({
  ...about,
  ...by,
  attempt: z.int().nonnegative(),
  text: personal(z.string()),
  usage: tokenUsage,
  /** The provider's own usage object, as it came, JSON; null when none came. So a wrong price or class can be computed again. */
  providerUsage: z.string().nullable(),
  costMicroUsd: microUsd,
  /** Which price rows made the cost; null when the model has no price. */
  priceVersion: z.string().nullable(),
  firstTokenMs: z.int().nonnegative().nullable(),
  latencyMs: z.int().nonnegative(),
  settledAt: instant,
});

/** The model finished, and said why. Chat records the reply; usage counts it. */
export const GenerationCompleted = defineEvent('GenerationCompleted', settlement.extend({ finishReason: z.enum(FINISH_REASONS) }), { subject: 'personId' });

/** A person stopped it; the text is what had come. Chat records the reply; usage counts it. */
export const GenerationStopped = defineEvent('GenerationStopped', settlement, { subject: 'personId' });

/** No attempt came to an end; the text is what the last one gave. Chat records the reply; usage counts it. */
export const GenerationFailed = defineEvent(
  'GenerationFailed',
  settlement.extend({ failureReason: z.enum(FAILURE_REASONS), providerError: z.string().nullable() }),
  { subject: 'personId' },
);

export type GenerationEvent = EventOf<
  | typeof GenerationStarted
  | typeof AttemptStarted
  | typeof AttemptFailed
  | typeof GenerationStopRequested
  | typeof GenerationCompleted
  | typeof GenerationStopped
  | typeof GenerationFailed
>;
