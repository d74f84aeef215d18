import type { Event, EventOf, Fact } from '@parley/kernel/event.js';
import type { Actor } from '@parley/kernel/meta.js';
import { type FailureReason, type Outcome, NO_USAGE, type TokenUsage } from '@parley/kernel/metering.js';
import { AttemptFailed, AttemptStarted, GenerationCompleted, GenerationFailed, GenerationStarted, GenerationStopped } from '@parley/inference/contract.js';

/** One call of the provider. */
export interface LineageAttempt {
  readonly attempt: number;
  /** Keyed hash of the assembled prompt. */
  readonly promptHash: string;
  /** How many messages of the conversation the prompt held. */
  readonly messages: number;
  readonly startedAt: Date;
  /** Null: it is under way, or it is the one that counts. */
  readonly failureReason: FailureReason | null;
  /** What the provider said to it: status and code. */
  readonly providerError: string | null;
  readonly usage: TokenUsage;
  readonly costMicroUsd: number;
  readonly priceVersion: string | null;
}

/** How a reply came about. */
export interface Lineage {
  readonly replyId: string;
  readonly agentId: string;
  readonly promptVersion: number;
  readonly provider: string;
  readonly model: string;
  readonly temperature: number | null;
  readonly maxOutputTokens: number | null;
  readonly startedAt: Date;
  readonly attempts: readonly LineageAttempt[];
  readonly status: 'pending' | Outcome;
  readonly usage: TokenUsage;
  readonly costMicroUsd: number;
  readonly priceVersion: string | null;
  readonly settledAt: Date | null;
  /** The fact that asked for it. */
  readonly askedBy: { readonly eventId: string; readonly actor: Actor; readonly decisionId: string | null } | null;
}

/** The facts that it is made of, all of one stream. */
export const lineageEvents = { GenerationStarted, AttemptStarted, AttemptFailed, GenerationCompleted, GenerationStopped, GenerationFailed };

type Settlement = EventOf<typeof GenerationCompleted | typeof GenerationStopped | typeof GenerationFailed>;
type GenerationFact = EventOf<typeof GenerationStarted | typeof AttemptStarted | typeof AttemptFailed> | Settlement;

/** @returns undefined when the generation has not begun */
export function lineageOf(facts: readonly Fact<Event>[]): Lineage | undefined {
  return (facts as readonly Fact<GenerationFact>[]).reduce<Lineage | undefined>((lineage, fact) => {
    if (fact.type === 'GenerationStarted') return begun(fact.data);
    return lineage && grown(lineage, fact);
  }, undefined);
}

function begun({ replyId, agentId, promptVersion, provider, model, temperature, maxOutputTokens, startedAt }: EventOf<typeof GenerationStarted>['data']): Lineage {
  const by = { promptVersion, provider, model, temperature, maxOutputTokens };
  return { replyId, agentId, ...by, startedAt: new Date(startedAt), attempts: [], status: 'pending', usage: NO_USAGE, costMicroUsd: 0, priceVersion: null, settledAt: null, askedBy: null };
}

function grown(lineage: Lineage, { type, data }: GenerationFact): Lineage {
  switch (type) {
    case 'AttemptStarted': {
      const { attempt, promptHash, messages, startedAt } = data;
      const nothingYet = { failureReason: null, providerError: null, usage: NO_USAGE, costMicroUsd: 0, priceVersion: null };
      return { ...lineage, attempts: [...lineage.attempts, { attempt, promptHash, messages, startedAt: new Date(startedAt), ...nothingYet }] };
    }
    case 'AttemptFailed': {
      const { attempt, failureReason, providerError, usage, costMicroUsd, priceVersion } = data;
      return { ...lineage, attempts: lineage.attempts.map((each) => (each.attempt === attempt ? { ...each, failureReason, providerError, usage, costMicroUsd, priceVersion } : each)) };
    }
    case 'GenerationCompleted':
      return settled(lineage, 'completed', data, null, null);
    case 'GenerationStopped':
      return settled(lineage, 'stopped', data, null, null);
    case 'GenerationFailed':
      return settled(lineage, 'failed', data, data.failureReason, data.providerError);
    default:
      return lineage;
  }
}

function settled(lineage: Lineage, status: Outcome, data: Settlement['data'], failureReason: FailureReason | null, providerError: string | null): Lineage {
  const { attempt, usage, costMicroUsd, priceVersion, settledAt } = data;
  const attempts = lineage.attempts.map((each) => (each.attempt === attempt ? { ...each, failureReason, providerError, usage, costMicroUsd, priceVersion } : each));
  return { ...lineage, status, attempts, usage, costMicroUsd, priceVersion, settledAt: new Date(settledAt) };
}
