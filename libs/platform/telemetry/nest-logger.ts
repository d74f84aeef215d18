import type { LoggerService } from '@nestjs/common';
import { logger } from './logger.js';

const log = logger('nest');

/** Nest's own lines as ours: JSON, with the part of Nest that speaks. Its start-up lines are for a developer. */
export class NestLogger implements LoggerService {
  log(message: unknown, ...rest: unknown[]): void {
    log.debug('nest.log', fields(message, rest));
  }

  debug(message: unknown, ...rest: unknown[]): void {
    log.debug('nest.debug', fields(message, rest));
  }

  verbose(message: unknown, ...rest: unknown[]): void {
    log.debug('nest.verbose', fields(message, rest));
  }

  warn(message: unknown, ...rest: unknown[]): void {
    log.warn('nest.warn', fields(message, rest));
  }

  error(message: unknown, ...rest: unknown[]): void {
    log.error('nest.error', fields(message, rest));
  }

  fatal(message: unknown, ...rest: unknown[]): void {
    log.error('nest.fatal', fields(message, rest));
  }
}

/** Nest gives the message, then perhaps a stack, and last the part that speaks. */
function fields(message: unknown, rest: readonly unknown[]) {
  const part = rest.at(-1);
  return {
    part: typeof part === 'string' ? part : undefined,
    ...(message instanceof Error ? { error: message } : { text: typeof message === 'string' ? message : typeof message }),
  };
}
