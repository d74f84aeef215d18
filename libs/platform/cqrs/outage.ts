import { DomainError } from '@parley/kernel/domain-error.js';

/** Codes of connections that break, of Postgres starting, stopping or full, and of hosts that do not answer. */
const CODES = /^(08|53|57P|ECONN|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN)/;

/** How pg says the same where it gives no code. */
const MESSAGES = /^(Connection terminated|Query read timeout|timeout (exceeded|expired) when|Client has encountered a connection error)/;

/** Whether something that we depend on is away. The work is not to blame: it succeeds once that is back. */
export function isOutage(error: unknown): boolean {
  if (error instanceof DomainError) return error.kind === 'unavailable';
  if (!(error instanceof Error)) return false;
  const { code } = error as NodeJS.ErrnoException;
  return CODES.test(code ?? '') || MESSAGES.test(error.message) || (error.cause !== undefined && isOutage(error.cause));
}
