import { ErrorType } from '@eventstore/db-client';
import { status } from '@grpc/grpc-js';

/** Errors come as the client's own (`type`) or as gRPC's (`code`), whichever layer saw them first. */
interface ClientError {
  readonly type?: string;
  readonly code?: number;
}

const FINAL_TYPES: readonly (string | undefined)[] = [
  ErrorType.ACCESS_DENIED,
  ErrorType.INVALID_ARGUMENT,
  ErrorType.MAXIMUM_APPEND_SIZE_EXCEEDED,
  ErrorType.STREAM_DELETED,
  ErrorType.WRONG_EXPECTED_VERSION,
];
const FINAL_CODES: readonly (number | undefined)[] = [status.INVALID_ARGUMENT, status.FAILED_PRECONDITION, status.OUT_OF_RANGE, status.PERMISSION_DENIED, status.UNAUTHENTICATED];

/** Whether the server has answered, and would answer the same again. Of anything else nobody knows what became. */
export function isFinal(error: unknown): boolean {
  const { type, code } = error as ClientError;
  return FINAL_TYPES.includes(type) || FINAL_CODES.includes(code);
}

export const isInvalidPosition = (error: unknown) => (error as ClientError).code === status.INVALID_ARGUMENT;
