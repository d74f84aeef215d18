import type { ProviderEvent, ProviderRequest } from './provider.js';

/** What a dialect gives: an event, or a sign of life that shows nothing, such as a thought. */
export type DialectEvent = ProviderEvent | { readonly type: 'alive' };

/**
 * A provider's wire format, put into our words, and nothing more: it may stall, may end without a finish, may say `usage` after
 * `finish`. `withDeadlines` makes a Provider of it.
 */
export interface Dialect {
  readonly name: string;

  /** @throws ProviderError; anything else only after `signal` has been aborted */
  call(request: ProviderRequest, signal: AbortSignal): AsyncIterable<DialectEvent>;

  /** Asks for what costs nothing, such as the list of models. @throws ProviderError */
  reach(signal: AbortSignal): Promise<void>;
}
