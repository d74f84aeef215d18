import { DomainError, type ErrorKind } from '@parley/kernel/domain-error.js';
import { HttpException } from '@nestjs/common';
import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import { ZodError } from 'zod';
import { isOutage, Unavailable } from './outages.js';
import { BadRequest, BodyTooLarge, Forbidden, InvalidInput, NotFound, Unauthenticated } from './refusals.js';

/** What a client sees of an error beside its message. */
export interface ErrorExtensions {
  /** Stable: programs compare it. */
  readonly code: string;
  readonly kind: ErrorKind | 'internal';
  /** What the client can do about it. */
  readonly hint: string;
  readonly details: Readonly<Record<string, unknown>>;
  /** Names the request in our logs. */
  readonly correlationId: string;
}

/** An error as it leaves the house. */
export interface ShownError extends GraphQLFormattedError {
  readonly extensions: ErrorExtensions & Record<string, unknown>;
}

/** The status over HTTP, where an answer is not GraphQL's. */
export const STATUS_OF: Readonly<Record<ErrorExtensions['kind'], number>> = {
  invalid: 400,
  unauthenticated: 401,
  forbidden: 403,
  'not-found': 404,
  conflict: 409,
  limit: 429,
  internal: 500,
  unavailable: 503,
};

/** What GraphQL itself refuses. These messages speak of the client's own document. */
const DOCUMENT_HINTS: Readonly<Record<string, string>> = {
  GRAPHQL_PARSE_FAILED: 'Correct the syntax of the document.',
  GRAPHQL_VALIDATION_FAILED: 'Correct the document by the schema.',
  BAD_USER_INPUT: 'Correct the variables by the schema.',
  OPERATION_RESOLUTION_FAILURE: 'Name with `operationName` one of the operations in the document.',
  BAD_REQUEST: 'Send a JSON body with `query` and `variables`, as application/json.',
  PERSISTED_QUERY_NOT_SUPPORTED: 'Send the whole document as `query`.',
};

/** What was thrown, below what GraphQL put around it. */
export function causeOf(error: unknown): unknown {
  return error instanceof GraphQLError && error.originalError ? causeOf(error.originalError) : error;
}

/** True for what a person must look at: neither a refusal, nor a client's mistake, nor an outage. */
export const isBug = (shown: ShownError): boolean => shown.extensions.kind === 'internal';

/**
 * What a client may see of an error: refusals by code and kind, wrong input by path, of bugs nothing.
 *
 * @param code of GraphQL's own errors, where the transport knows better than the error
 */
export function showError(error: unknown, correlationId: string, code?: string): ShownError {
  const place = error instanceof GraphQLError ? { locations: error.locations, path: error.path } : {};
  const refusal = refusalOf(causeOf(error));
  if (refusal) {
    const { message, code, kind, hint, details } = refusal;
    return { message, ...place, extensions: { code, kind, hint, details, correlationId } };
  }
  const ownCode = error instanceof GraphQLError ? documentCode(error, code) : undefined;
  const hint = ownCode && DOCUMENT_HINTS[ownCode];
  if (ownCode && hint) return { message: (error as GraphQLError).message, ...place, extensions: { code: ownCode, kind: 'invalid', hint, details: {}, correlationId } };
  const internal = { code: 'INTERNAL', kind: 'internal', hint: 'Try again; if it stays, tell us the correlation id.', details: {}, correlationId } as const;
  return { message: 'Something went wrong on our side.', ...place, extensions: internal };
}

/** The refusal that an error amounts to, or undefined for GraphQL's own errors and bugs. */
function refusalOf(cause: unknown): DomainError | undefined {
  if (cause instanceof DomainError) return cause;
  if (cause instanceof ZodError) return new InvalidInput({ fields: cause.issues.map(({ path, message }) => ({ path: path.join('.'), problems: [message] })) });
  if (isOutage(cause)) return new Unavailable({ retryAfterMs: 1_000 });
  return httpRefusal(cause);
}

/** Errors of Nest's and Express's HTTP layer: their status tells enough. */
function httpRefusal(cause: unknown): DomainError | undefined {
  const status = cause instanceof HttpException ? cause.getStatus() : undefined;
  if (status === 401) return new Unauthenticated();
  if (status === 403) return new Forbidden();
  if (status === 404) return new NotFound();
  if (status === 413) return new BodyTooLarge({ maxBytes: ((cause as HttpException).cause as { limit?: number } | undefined)?.limit });
  return status !== undefined && status < 500 ? new BadRequest() : undefined;
}

function documentCode(error: GraphQLError, code: string | undefined): string | undefined {
  if (!(causeOf(error) instanceof GraphQLError)) return undefined; // GraphQL only carries it: something of ours broke
  if (typeof error.extensions.code === 'string' && error.extensions.code in DOCUMENT_HINTS) return error.extensions.code;
  // While it executes, graphql-js reports two things without a code: arguments that the client left out, and results of ours that break the schema.
  if (error.path) return causeOf(error) === error && /^(Argument|Variable) "/.test(error.message) ? 'BAD_USER_INPUT' : undefined;
  return error.extensions.code === undefined ? code : undefined;
}
