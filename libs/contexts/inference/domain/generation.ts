import { defineDecider } from '@parley/kernel/decider.js';
import { defineError } from '@parley/kernel/domain-error.js';
import { NO_USAGE } from '@parley/kernel/metering.js';
import {
  CompleteGeneration,
  FailAttempt,
  FailGeneration,
  type GenerationCommand,
  RequestStop,
  StartAttempt,
  StartGeneration,
  StopGeneration,
} from './generation.commands.js';
import {
  AttemptFailed,
  AttemptStarted,
  GENERATION_CATEGORY,
  GenerationCompleted,
  type GenerationEvent,
  GenerationFailed,
  GenerationStarted,
  GenerationStopped,
  GenerationStopRequested,
} from './generation.events.js';

export class GenerationNotStarted extends defineError(
  'INFERENCE_GENERATION_NOT_STARTED',
  'not-found',
  'There is no such generation.',
  'Send a message, or ask for the reply once more.',
) {}

export class GenerationSettled extends defineError(
  'INFERENCE_GENERATION_SETTLED',
  'conflict',
  'The generation has ended.',
  'Read the reply as it is stored.',
) {}

export class GenerationStopping extends defineError(
  'INFERENCE_GENERATION_STOPPING',
  'conflict',
  'The generation is being stopped.',
  'Settle it as stopped; start no other attempt.',
) {}

export class GenerationNotStopping extends defineError(
  'INFERENCE_GENERATION_NOT_STOPPING',
  'conflict',
  'Nobody asked to stop the generation.',
  'Ask for the stop first.',
) {}

export class AttemptNotCurrent extends defineError(
  'INFERENCE_ATTEMPT_NOT_CURRENT',
  'conflict',
  'Another attempt has taken the place of this one.',
  'Give this attempt up: what it made does not count.',
) {}

type About = Pick<StartGeneration['data'], 'replyId' | 'conversationId' | 'messageId' | 'personId' | 'agentId'>;
type By = Pick<Extract<GenerationEvent, { type: 'GenerationStarted' }>['data'], 'promptVersion' | 'provider' | 'model' | 'temperature' | 'maxOutputTokens'>;

export interface RunningGeneration {
  readonly status: 'running';
  readonly about: About;
  readonly by: By;
  /** The last attempt that was started; 0 before the first. */
  readonly attempt: number;
  /** The worker of the attempt that is under way; null before the first attempt and after a failed one. */
  readonly workerId: string | null;
  readonly isStopRequested: boolean;
}

export type GenerationState = { readonly status: 'new' } | RunningGeneration | { readonly status: 'settled' };

/** No agent answered: the facts that follow still name who it should have been. */
const NOBODY: By = { promptVersion: 0, provider: '', model: '', temperature: null, maxOutputTokens: null };

/** What a settlement says where no attempt gave anything. */
const nothing = (attempt: number) =>
  ({ attempt, text: '', usage: NO_USAGE, providerUsage: null, costMicroUsd: 0, priceVersion: null, firstTokenMs: null, latencyMs: 0 }) as const;

/**
 * The making of one reply. Attempts follow one another, one at a time; the first settlement is the only one. Whoever settles or
 * fails an attempt names it, so a worker that was taken for dead cannot speak for the attempt that replaced its own.
 */
export const generation = defineDecider<GenerationState, GenerationCommand, GenerationEvent>({
  category: GENERATION_CATEGORY,
  commands: { StartGeneration, StartAttempt, FailAttempt, RequestStop, CompleteGeneration, StopGeneration, FailGeneration },
  events: {
    GenerationStarted,
    AttemptStarted,
    AttemptFailed,
    GenerationStopRequested,
    GenerationCompleted,
    GenerationStopped,
    GenerationFailed,
  },
  id: ({ data }) => data.replyId,
  initialState: { status: 'new' },

  decide: {
    StartGeneration({ data: { by, ...about }, meta }, state) {
      if (state.status !== 'new') return [];
      const started = GenerationStarted({ ...about, ...(by ?? NOBODY), startedAt: meta.now });
      if (by) return [started];
      const failure = { failureReason: 'agent-unavailable', providerError: null } as const;
      return [started, GenerationFailed({ ...about, ...NOBODY, ...nothing(0), ...failure, settledAt: meta.now })];
    },

    StartAttempt({ data, meta }, state) {
      const { attempt, workerId, isStopRequested } = running(state);
      if (data.attempt === attempt && data.workerId === workerId) return [];
      if (isStopRequested) throw new GenerationStopping();
      if (data.attempt !== attempt + 1 || workerId !== null) throw new AttemptNotCurrent({ attempt: data.attempt, current: attempt });
      return [AttemptStarted({ ...data, startedAt: meta.now })];
    },

    FailAttempt({ data, meta }, state) {
      if (state.status === 'settled') return [];
      const { about, by, attempt, workerId, isStopRequested } = running(state);
      if (data.attempt > attempt) throw new AttemptNotCurrent({ attempt: data.attempt, current: attempt });
      if (data.attempt < attempt || workerId === null) return [];
      const failed = AttemptFailed({ ...data, failedAt: meta.now });
      // No other attempt may follow, so nobody else would end it.
      return isStopRequested ? [failed, GenerationStopped({ ...about, ...by, ...nothing(attempt), settledAt: meta.now })] : [failed];
    },

    RequestStop({ data, meta }, state) {
      if (state.status === 'settled') return [];
      const { about, by, attempt, workerId, isStopRequested } = running(state);
      if (isStopRequested) return [];
      const requested = GenerationStopRequested({ ...data, requestedAt: meta.now });
      // While a worker is at it, the end is its to tell: it alone knows the text.
      if (workerId !== null) return [requested];
      return [requested, GenerationStopped({ ...about, ...by, ...nothing(attempt), settledAt: meta.now })];
    },

    CompleteGeneration({ data, meta }, state) {
      if (state.status === 'settled') return [];
      const { about, by } = underWay(state, data.attempt);
      return [GenerationCompleted({ ...about, ...by, ...data, settledAt: meta.now })];
    },

    StopGeneration({ data, meta }, state) {
      if (state.status === 'settled') return [];
      const { about, by, isStopRequested } = underWay(state, data.attempt);
      if (!isStopRequested) throw new GenerationNotStopping();
      return [GenerationStopped({ ...about, ...by, ...data, settledAt: meta.now })];
    },

    FailGeneration({ data, meta }, state) {
      if (state.status === 'settled') return [];
      const { about, by } = current(state, data.attempt);
      return [GenerationFailed({ ...about, ...by, ...data, settledAt: meta.now })];
    },
  },

  evolve: {
    GenerationStarted(_, { data: { replyId, conversationId, messageId, personId, agentId, promptVersion, provider, model, temperature, maxOutputTokens } }) {
      const about = { replyId, conversationId, messageId, personId, agentId };
      const by = { promptVersion, provider, model, temperature, maxOutputTokens };
      return { status: 'running', about, by, attempt: 0, workerId: null, isStopRequested: false };
    },
    AttemptStarted: (state, { data: { attempt, workerId } }) => ifRunning(state, { attempt, workerId }),
    AttemptFailed: (state) => ifRunning(state, { workerId: null }),
    GenerationStopRequested: (state) => ifRunning(state, { isStopRequested: true }),
    GenerationCompleted: () => ({ status: 'settled' }),
    GenerationStopped: () => ({ status: 'settled' }),
    GenerationFailed: () => ({ status: 'settled' }),
  },
});

const ifRunning = (state: GenerationState, change: Partial<RunningGeneration>): GenerationState =>
  state.status === 'running' ? { ...state, ...change } : state;

function running(state: GenerationState): RunningGeneration {
  if (state.status === 'new') throw new GenerationNotStarted();
  if (state.status === 'settled') throw new GenerationSettled();
  return state;
}

/** @throws AttemptNotCurrent unless it is the last attempt, under way or failed */
function current(state: GenerationState, attempt: number): RunningGeneration {
  const known = running(state);
  if (attempt !== known.attempt) throw new AttemptNotCurrent({ attempt, current: known.attempt });
  return known;
}

/** @throws AttemptNotCurrent unless the attempt is under way */
function underWay(state: GenerationState, attempt: number): RunningGeneration {
  const known = current(state, attempt);
  if (known.workerId === null) throw new AttemptNotCurrent({ attempt, current: known.attempt });
  return known;
}
