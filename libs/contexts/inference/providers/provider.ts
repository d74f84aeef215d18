import type { FailureReason, FinishReason, TokenUsage } from '@parley/kernel/metering.js';

/** What an agent asks of a model: the same for every provider. */
export interface ProviderRequest {
  readonly model: string;
  /** The agent's instructions; null when it has none. Never mixed into the messages. */
  readonly system: string | null;
  /** The conversation, oldest first; the last one is the person's. */
  readonly messages: readonly { readonly role: 'user' | 'assistant'; readonly text: string }[];
  /** 0 to 2; null: the provider's default. */
  readonly temperature: number | null;
  /** Most tokens of the reply; null: the provider's default. */
  readonly maxOutputTokens: number | null;
  /** An opaque name of the person, by which providers tell abusers apart. Never a name or an address. */
  readonly user?: string;
}

/** A piece of what comes back. */
export type ProviderEvent =
  | { readonly type: 'text'; readonly text: string }
  /**
   * May come more than once, or never: the last one counts. `raw` is the provider's own usage object, JSON, as it came. One that is
   * `estimated` came at the start: what went in is as reported, what came out had only begun.
   */
  | { readonly type: 'usage'; readonly usage: TokenUsage; readonly raw: string }
  | { readonly type: 'finish'; readonly reason: FinishReason };

/** Something that answers, in its own wire format. */
export interface Provider {
  readonly name: string;

  /**
   * One call, one try. Ends normally only after exactly one `finish`, which comes last; a stream that ends without one, stalls, is
   * cut or is not what it should be throws.
   *
   * @param signal closes the call upstream, and `signal.reason` is thrown
   * @throws ProviderError for whatever the provider, or the way to it, did wrong
   */
  stream(request: ProviderRequest, signal: AbortSignal): AsyncIterable<ProviderEvent>;

  /** Whether it answers and takes our key, by a question that costs nothing. @throws ProviderError */
  reach(signal: AbortSignal): Promise<void>;

  /** How many of its models are not asked at present, because they did not answer. */
  openBreakers?(): number;
}

/** What went wrong upstream. The message has the status and the code, and nothing of what was said or asked. */
export class ProviderError extends Error {
  override readonly name = 'ProviderError';
  readonly reason: FailureReason;
  /** Whether the same call may succeed a little later. */
  readonly isRetryable: boolean;
  /** The provider's own wish, where it said one. */
  readonly retryAfterMs?: number;
  readonly status?: number;
  /** The provider's own code, e.g. `rate_limit_exceeded` or `overloaded_error`. */
  readonly code?: string;

  constructor(
    provider: string,
    said: Pick<ProviderError, 'reason' | 'isRetryable' | 'retryAfterMs' | 'status' | 'code'>,
    options?: ErrorOptions,
  ) {
    super([provider, said.reason, said.status, said.code].filter((part) => part !== undefined).join(' '), options);
    Object.assign(this, said);
  }
}

/** The providers that this Parley is set up with, by name. */
export abstract class Providers {
  abstract get(name: string): Provider | undefined;
  abstract list(): readonly string[];
}
