import { defineError } from '@parley/kernel/domain-error.js';

/** Something that we need does not answer for the moment. */
export class Unavailable extends defineError(
  'UNAVAILABLE',
  'unavailable',
  'The service cannot answer at the moment.',
  'Try again after `details.retryAfterMs`; a mutation with its idempotency key is safe to repeat.',
) {}

/** Codes of sockets and of Postgres that say "not now", never "not so": the connection, the server or its disk. */
const OUTAGES = new Set([
  'ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENOTFOUND', 'EAI_AGAIN',
  '08000', '08001', '08003', '08004', '08006', '53000', '53100', '53200', '53300', '57014', '57P01', '57P02', '57P03',
]);

/** pg gives these two no code. */
const LOST = /^(Connection terminated|timeout exceeded when trying to connect|Query read timeout)/;

/** Whether the error, or what caused it, is an outage that heals by itself. */
export function isOutage(error: unknown, depth = 0): boolean {
  if (!(error instanceof Error) || depth > 5) return false;
  const { code, cause, driverError } = error as Error & { code?: unknown; driverError?: unknown };
  return (typeof code === 'string' && OUTAGES.has(code)) || LOST.test(error.message) || isOutage(cause, depth + 1) || isOutage(driverError, depth + 1);
}
