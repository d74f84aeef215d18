import type { FailureReason, FinishReason, TokenUsage } from '@parley/kernel/metering.js';
import { failpoint } from '@parley/platform/failpoints/failpoints.js';
import { logger } from '@parley/platform/telemetry/logger.js';
import { failed, traced } from '@parley/platform/telemetry/tracing.js';
import { type Provider, ProviderError, type ProviderRequest } from '../providers/provider.js';
import { usageOf } from './usage-estimate.js';

/** Why a call came to nothing. */
export interface CallFailure {
  readonly failureReason: FailureReason;
  /** Status and code, as the provider said them. */
  readonly providerError: string | null;
  readonly isRetryable: boolean;
  readonly retryAfterMs: number | undefined;
}

/** What one call of a provider gave, however it ended. */
export interface CallResult {
  readonly text: string;
  readonly usage: TokenUsage;
  readonly providerUsage: string | null;
  readonly firstTokenMs: number | null;
  readonly latencyMs: number;
  /** Undefined: we ended it ourselves. */
  readonly end: { readonly finishReason: FinishReason } | { readonly failure: CallFailure } | undefined;
}

export interface CallOptions {
  readonly promptCharacters: number;
  readonly timeoutMs: number;
  readonly onText: (text: string) => void;
  /** Ends the call; what came so far is the result. */
  readonly signal: AbortSignal;
}

/** Longest text of a reply, in UTF-16 code units. A model that never ends is cut here. */
const MAX_TEXT = 1_000_000;

/** Calls the provider once. It never throws: whatever goes wrong is part of the result. */
export function callProvider(provider: Provider, request: ProviderRequest, options: CallOptions): Promise<CallResult> {
  const attributes = { 'gen_ai.operation.name': 'chat', 'gen_ai.provider.name': provider.name, 'gen_ai.request.model': request.model };
  return traced(`chat ${provider.name}`, { kind: 'client', attributes }, async (span) => {
    const result = await call(provider, request, options);
    const { inputTokens, cachedInputTokens, outputTokens, reasoningTokens } = result.usage;
    span?.setAttributes({ 'gen_ai.usage.input_tokens': inputTokens + cachedInputTokens, 'gen_ai.usage.output_tokens': outputTokens + reasoningTokens });
    if (span && result.firstTokenMs !== null) span.setAttribute('parley.first_token_ms', result.firstTokenMs);
    if (span && result.end && 'failure' in result.end) failed(span, result.end.failure.failureReason);
    return result;
  });
}

async function call(provider: Provider, request: ProviderRequest, options: CallOptions): Promise<CallResult> {
  const startedAt = performance.now();
  const tookMs = () => Math.round(performance.now() - startedAt);
  const timeout = new AbortController();
  const timer = setTimeout(() => timeout.abort(tooLong(provider)), options.timeoutMs);
  let [text, finishReason]: [string, FinishReason | undefined] = ['', undefined];
  let [reported, providerUsage]: [TokenUsage | null, string | null] = [null, null];
  let firstTokenMs: number | null = null;

  const result = (end: CallResult['end']): CallResult => {
    const usage = usageOf({ reported, promptCharacters: options.promptCharacters, textCharacters: text.length });
    return { text: text.toWellFormed(), usage, providerUsage, firstTokenMs, latencyMs: tookMs(), end };
  };
  try {
    await failpoint('s7.before_call');
    for await (const event of provider.stream(request, AbortSignal.any([options.signal, timeout.signal]))) {
      if (event.type === 'usage') [reported, providerUsage] = [event.usage, event.raw];
      if (event.type === 'finish') finishReason = event.reason;
      if (event.type !== 'text') continue;
      const fresh = storable(event.text);
      if (firstTokenMs === null) await failpoint('s8.first_chunk');
      await failpoint('s8.chunk');
      firstTokenMs ??= tookMs();
      text += fresh;
      options.onText(fresh);
      if (text.length > MAX_TEXT) throw new ProviderError(provider.name, { reason: 'stream-invalid', isRetryable: false, code: 'text-too-long' });
    }
    if (!finishReason) throw new Error(`provider ${provider.name}: its stream ended without a finish reason`);
    return result({ finishReason });
  } catch (error) {
    return result(options.signal.aborted ? undefined : { failure: failureOf(error) });
  } finally {
    clearTimeout(timer);
  }
}

const tooLong = ({ name }: Provider) => new ProviderError(name, { reason: 'provider-timeout', isRetryable: false, code: 'generation-too-long' });

/** Postgres stores no NUL. (Half a surrogate pair is mended at the end: the next piece may bring the other half.) */
const storable = (text: string) => text.replaceAll('\0', '');

function failureOf(error: unknown): CallFailure {
  if (error instanceof ProviderError) {
    const said = [error.status, error.code].filter((part) => part !== undefined).join(' ');
    return { failureReason: error.reason, providerError: said.slice(0, 200) || null, isRetryable: error.isRetryable, retryAfterMs: error.retryAfterMs };
  }
  logger('runtime').error('provider-call.failed', { error: error as Error });
  return { failureReason: 'internal', providerError: null, isRetryable: false, retryAfterMs: undefined };
}
