import type { FailureReason } from '@parley/kernel/metering.js';
import { BrokenCircuitError, circuitBreaker, type CircuitBreakerPolicy, CircuitState, handleWhen, SamplingBreaker } from 'cockatiel';
import { LRUCache } from 'lru-cache';
import { type Provider, ProviderError, type ProviderEvent } from './provider.js';

export interface BreakerOptions {
  /** How far back calls count. */
  readonly windowMs: number;
  /** Fewer calls than this in the window say nothing. */
  readonly calls: number;
  /** After this long one call is let through, to see. */
  readonly halfOpenAfterMs: number;
}

const OPTIONS: BreakerOptions = { windowMs: 30_000, calls: 10, halfOpenAfterMs: 30_000 };

/** It opens where half of the calls or more come to nothing; the library asks for more than a share. */
const SHARE = 0.499;

/** Models are named by those who make agents: so many are remembered. */
const MODELS = 500;

/** What says that the model is not there. A limit that was reached, a refusal, a stop by a person say that it is. */
const OUTAGES: readonly FailureReason[] = ['provider-unavailable', 'provider-timeout', 'stream-cut', 'stream-stalled', 'stream-invalid'];

const isOutage = (error: unknown) => error instanceof ProviderError && OUTAGES.includes(error.reason);

interface Breaker {
  readonly policy: CircuitBreakerPolicy;
  /** The last time. */
  openedAt: number;
}

/**
 * Stops asking a model that does not answer: nobody then waits for a deadline to be told so. Each model has a breaker of its own, for
 * one may be away while others answer.
 */
export function withBreaker(provider: Provider, { windowMs, calls, halfOpenAfterMs }: BreakerOptions = OPTIONS): Provider {
  const made = (): Breaker => {
    const policy = circuitBreaker(handleWhen(isOutage), { halfOpenAfter: halfOpenAfterMs, breaker: new SamplingBreaker({ threshold: SHARE, duration: windowMs, minimumRps: (calls * 1_000) / windowMs }) });
    const breaker = { policy, openedAt: 0 };
    policy.onBreak(() => (breaker.openedAt = performance.now()));
    return breaker;
  };
  const breakers = new LRUCache<string, Breaker>({ max: MODELS, memoMethod: made });
  // The library closes a breaker when somebody asks; one of a model that nobody asks for any more is of no interest.
  const isOpen = ({ policy, openedAt }: Breaker) => policy.state !== CircuitState.Closed && performance.now() - openedAt < 2 * halfOpenAfterMs;
  const opened = (error: unknown) => {
    if (!(error instanceof BrokenCircuitError)) return error;
    return new ProviderError(provider.name, { reason: 'provider-unavailable', isRetryable: true, retryAfterMs: halfOpenAfterMs, code: 'circuit-open' }, { cause: error });
  };
  return {
    name: provider.name,
    reach: (signal) => provider.reach(signal),
    openBreakers: () => [...breakers.values()].filter(isOpen).length,
    async *stream(request, signal): AsyncGenerator<ProviderEvent, void> {
      const events = provider.stream(request, signal)[Symbol.asyncIterator]();
      try {
        // Whether it answers at all is what counts: what breaks off later has said something.
        let next = await breakers.memo(request.model).policy.execute(() => events.next());
        for (; !next.done; next = await events.next()) yield next.value;
      } catch (error) {
        throw opened(error);
      } finally {
        await events.return?.();
      }
    },
  };
}
