import type { FinishReason } from '@parley/kernel/metering.js';
import type { Dialect, DialectEvent } from './dialect.js';
import { ProviderError, type Provider, type ProviderEvent, type ProviderRequest } from './provider.js';

/** Our own deadlines: those of the SDKs end with the headers. */
export interface Deadlines {
  /** From the call to the first text or thought. */
  readonly firstTokenMs: number;
  readonly betweenTokensMs: number;
}

/** How long a finished reply waits for its usage and the end of its stream. */
const AFTER_FINISH_MS = 2_000;

/** Makes a dialect a provider: each call ends in time, and normally only after one finish, which comes last. */
export const withDeadlines = (dialect: Dialect, deadlines: Deadlines): Provider => ({
  name: dialect.name,
  stream: (request, signal) => whole(dialect, deadlines, request, signal),
  reach: (signal) => dialect.reach(AbortSignal.any([signal, AbortSignal.timeout(deadlines.firstTokenMs)])),
});

async function* whole(dialect: Dialect, deadlines: Deadlines, request: ProviderRequest, signal: AbortSignal): AsyncGenerator<ProviderEvent, void> {
  signal.throwIfAborted();
  const call = new AbortController();
  const abort = () => call.abort(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  const events = dialect.call(request, call.signal)[Symbol.asyncIterator]();
  let phase: Phase = 'first-token';
  let finish: FinishReason | undefined;
  try {
    for (;;) {
      const { done, value } = await next(events, call, limitOf(phase, deadlines), () => late(dialect.name, phase));
      if (done) break;
      if (value.type === 'finish') {
        finish ??= value.reason; // said twice, the first counts
        phase = 'finished';
        continue;
      }
      if (phase === 'first-token' && value.type !== 'usage') phase = 'between-tokens';
      if (value.type !== 'alive') yield value;
    }
  } catch (error) {
    signal.throwIfAborted();
    // All text is there and the model said why it stopped: what went wrong after that costs at most the usage.
    if (finish === undefined) throw error;
  } finally {
    signal.removeEventListener('abort', abort);
    call.abort(); // closes the connection where we left before its end
  }
  if (finish === undefined) throw new ProviderError(dialect.name, { reason: 'stream-cut', isRetryable: true, code: 'no-finish-reason' });
  yield { type: 'finish', reason: finish };
}

type Phase = 'first-token' | 'between-tokens' | 'finished';

function limitOf(phase: Phase, { firstTokenMs, betweenTokensMs }: Deadlines): number {
  if (phase === 'first-token') return firstTokenMs;
  return phase === 'between-tokens' ? betweenTokensMs : Math.min(betweenTokensMs, AFTER_FINISH_MS);
}

const late = (provider: string, phase: Phase) =>
  new ProviderError(provider, { reason: phase === 'first-token' ? 'provider-timeout' : 'stream-stalled', isRetryable: true });

/** The next event, or the call's end: by the caller, or by its deadline. Whatever comes after that is nobody's. */
function next(events: AsyncIterator<DialectEvent>, call: AbortController, limitMs: number, error: () => Error): Promise<IteratorResult<DialectEvent, undefined>> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => call.abort(error()), limitMs);
    const aborted = () => reject(call.signal.reason as Error);
    call.signal.addEventListener('abort', aborted, { once: true });
    const settled = () => {
      clearTimeout(timer);
      call.signal.removeEventListener('abort', aborted);
    };
    if (call.signal.aborted) aborted();
    events.next().then(resolve, reject).finally(settled);
  });
}
