import { AsyncLocalStorage } from 'node:async_hooks';
import pino from 'pino';

/** What every line of one request or one fact's handling carries. */
export interface LogContext {
  readonly requestId?: string;
  readonly tenantId?: string;
  readonly userId?: string;
  readonly correlationId?: string;
  readonly causationId?: string;
}

type Field = string | number | bigint | boolean | null | undefined;

/** Fields are plain values: an object could carry a person's text or a secret into the log. */
export type Fields = Readonly<Record<string, Field | readonly Field[] | Error>>;

const context = new AsyncLocalStorage<LogContext>();

/** Runs `work` with fields that each line of it carries. */
export const withLogContext = <Result>(fields: LogContext, work: () => Result): Result => context.run({ ...context.getStore(), ...fields }, work);

/** Adds what is learnt later, e.g. who calls: every line from here on carries it, wherever within the same `withLogContext`. */
export const addLogContext = (fields: LogContext): void => void Object.assign(context.getStore() ?? {}, fields);

/** What the lines carry here. */
export const logContext = (): LogContext => context.getStore() ?? {};

export const rootLogger = pino({
  base: null,
  messageKey: 'message',
  timestamp: () => `,"timestamp":"${new Date().toISOString()}"`,
  formatters: { level: (label) => ({ level: label }) },
  level: 'info',
});

export interface Logger {
  debug(event: string, fields?: Fields): void;
  info(event: string, fields?: Fields): void;
  warn(event: string, fields?: Fields): void;
  error(event: string, fields?: Fields): void;
}

/**
 * Logs one JSON line an event to stdout: timestamp, level, service, message (the event's name) and the given fields.
 *
 * @param service the part that speaks, e.g. `runtime`
 * @example logger('runtime').info('reply.completed', { conversationId, provider, duration_ms })
 */
export function logger(service: string): Logger {
  const write = (level: 'debug' | 'info' | 'warn' | 'error') => (event: string, fields: Fields = {}) =>
    rootLogger[level]({ service, ...context.getStore(), ...plain(fields) }, event);
  return { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') };
}

/** Of an error its name, message and stack alone: the other fields of a database error quote rows, and so what people wrote. */
function plain(fields: Fields): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]): [string, unknown] => {
      if (value instanceof Error) return [name, { name: value.name, message: value.message, stack: value.stack }];
      return [name, typeof value === 'bigint' ? Number(value) : value];
    }),
  );
}
