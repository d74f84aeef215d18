import { DatabaseError } from 'pg';
import { QueryFailedError, QueryRunnerAlreadyReleasedError, QueryRunnerProviderAlreadyReleasedError } from 'typeorm';

/** A value that no column can hold: it was never sent. */
export class Unencodable extends Error {
  override readonly name = 'Unencodable';
}

/** The server is away, or full, or says nothing: the same again may succeed later. */
export function isOutage(error: unknown): boolean {
  const cause = causeOf(error);
  if (cause instanceof DatabaseError) return /^(08|40|53|55|57|58)/.test(cause.code ?? '');
  // TypeORM lets go of a connection as soon as it is lost.
  if (cause instanceof QueryRunnerAlreadyReleasedError || cause instanceof QueryRunnerProviderAlreadyReleasedError) return true;
  if (!(cause instanceof Error)) return false;
  return /^E(CONN|PIPE|TIMEDOUT|HOST|NET|NOTFOUND|AI_AGAIN)/.test((cause as NodeJS.ErrnoException).code ?? '') || LOST.test(cause.message);
}

/** What the driver says, which gives these errors no code. */
const LOST = /^(Connection terminated|Query read timeout|timeout exceeded when trying to connect|Client (was closed|has encountered a connection error))/;

/** The data is to blame, and will be each time: a value out of range, NUL in a text, a constraint, a row too large for an index. */
export function isDataError(error: unknown): boolean {
  return error instanceof Unencodable || (error instanceof DatabaseError && /^(22|23|54)/.test(error.code ?? ''));
}

/** What stands in the way of a statement because one before it in its transaction failed. */
export const isAftermath = (error: unknown): boolean => error instanceof DatabaseError && error.code === '25P02';

export function isUndefinedTable(error: unknown): boolean {
  const cause = causeOf(error);
  return cause instanceof DatabaseError && cause.code === '42P01';
}

/** The role may not see it. */
export function isForbiddenTable(error: unknown): boolean {
  const cause = causeOf(error);
  return cause instanceof DatabaseError && cause.code === '42501';
}

const causeOf = (error: unknown): unknown => (error instanceof QueryFailedError ? error.driverError : error);

/** Why a fact was parked, without what people wrote. */
export function reasonOf(error: unknown): string {
  if (error instanceof DatabaseError) return `database ${error.code}${error.constraint ? ` (${error.constraint})` : ''}: ${error.message}`.slice(0, MAX_REASON);
  return (error instanceof Error ? `${error.name}: ${error.message}` : 'something that is not an error was thrown').slice(0, MAX_REASON);
}

const MAX_REASON = 300;
