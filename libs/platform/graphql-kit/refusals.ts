import { defineError } from '@parley/kernel/domain-error.js';

/** What the edge itself refuses, before any context is asked. */
export class Unauthenticated extends defineError(
  'UNAUTHENTICATED',
  'unauthenticated',
  'You are not signed in.',
  'Send a valid access token as "Authorization: Bearer <token>"; refresh it or sign in again when it has ended.',
) {}

export class Forbidden extends defineError('FORBIDDEN', 'forbidden', 'Your role does not allow this.', 'Ask an administrator of the tenant.') {}

export class InvalidInput extends defineError('INVALID_INPUT', 'invalid', 'The input is not valid.', 'Correct the fields that `details.fields` names.') {}

export class InvalidCursor extends defineError(
  'INVALID_CURSOR',
  'invalid',
  'The cursor is not valid.',
  'Use a cursor as it was given in `pageInfo` or `edges`, with the same query.',
) {}

export class InvalidIdempotencyKey extends defineError(
  'IDEMPOTENCY_KEY_INVALID',
  'invalid',
  'The idempotency key is not valid.',
  'Use 1 to 100 printable ASCII characters without spaces, for instance a UUID.',
) {}

export class QueryTooComplex extends defineError(
  'QUERY_TOO_COMPLEX',
  'invalid',
  'The operation asks for too much at once.',
  'Ask for fewer fields, smaller pages (`first`), or in several requests; `details` says the limit.',
) {}

export class TooManyConnections extends defineError(
  'TOO_MANY_CONNECTIONS',
  'limit',
  'You have too many open connections.',
  'Close one, or run several subscriptions on one socket.',
) {}

export class TooManyOperations extends defineError(
  'TOO_MANY_OPERATIONS',
  'limit',
  'This socket runs too many operations.',
  'Complete one before you begin another.',
) {}

export class ServerStopping extends defineError(
  'SERVER_STOPPING',
  'unavailable',
  'This server is about to stop.',
  'Connect again and resume where you were: `fromSequence` tells the place.',
) {}

export class SubscriptionNeedsStream extends defineError(
  'SUBSCRIPTION_NEEDS_STREAM',
  'invalid',
  'A subscription cannot be answered by a plain request.',
  'Use a WebSocket at /graphql (graphql-transport-ws), or POST it to /graphql/stream with "Accept: text/event-stream".',
) {}

export class BodyTooLarge extends defineError('BODY_TOO_LARGE', 'invalid', 'The request is too large.', 'Send at most `details.maxBytes` bytes.') {}

export class BadRequest extends defineError('BAD_REQUEST', 'invalid', 'The request cannot be read.', 'Send a JSON body with `query` and `variables`, as application/json.') {}

export class NotFound extends defineError('NOT_FOUND', 'not-found', 'There is nothing here.', 'The GraphQL endpoint is /graphql.') {}
