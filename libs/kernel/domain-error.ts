/** What a refusal means to a caller; the edges (GraphQL, gRPC) map kinds, never single errors. */
export type ErrorKind = 'invalid' | 'unauthenticated' | 'forbidden' | 'not-found' | 'conflict' | 'limit' | 'unavailable';

/** An expected refusal. Anything else that is thrown is a bug or an outage, and is masked at the edge. */
export abstract class DomainError extends Error {
  /** Stable: programs compare it. */
  abstract readonly code: string;
  abstract readonly kind: ErrorKind;
  /** What the caller can do about it, in a sentence. */
  abstract readonly hint: string;
  /** Shown to the caller. Never a secret, never another tenant's data. `retryAfterMs` becomes a Retry-After header. */
  abstract readonly details: Readonly<Record<string, unknown>>;
}

/** A refusal's class, as the catalogue lists it. */
export interface ErrorDefinition {
  new (details?: Readonly<Record<string, unknown>>): DomainError;
  readonly code: string;
  readonly kind: ErrorKind;
  readonly text: string;
  readonly hint: string;
}

/**
 * @example
 * class ConversationNotOpen extends defineError('CHAT_CONVERSATION_NOT_OPEN', 'conflict', 'The conversation is not open.', 'Start a new conversation.') {}
 */
export function defineError<const Code extends string>(code: Code, kind: ErrorKind, text: string, hint: string) {
  return class extends DomainError {
    static readonly code = code;
    static readonly kind = kind;
    static readonly text = text;
    static readonly hint = hint;
    readonly code = code;
    readonly kind = kind;
    readonly hint = hint;
    constructor(readonly details: Readonly<Record<string, unknown>> = {}, options?: ErrorOptions) {
      super(text, options);
      this.name = code;
    }
  };
}
