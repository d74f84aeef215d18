import { type ArgumentsHost, Catch, type ExceptionFilter } from '@nestjs/common';
import type { Response } from 'express';
import { answerOverHttp } from './edge.filter.js';
import { isBug, showError } from './errors.js';
import { logger } from '../telemetry/logger.js';

const log = logger('part');

/** Errors of a process that has no GraphQL, in the shape that the gateway gives them: refusals by code, of bugs nothing. */
@Catch()
export class PartErrors implements ExceptionFilter {
  catch(error: unknown, host: ArgumentsHost): void {
    const shown = showError(error, crypto.randomUUID());
    if (isBug(shown)) log.error('request.failed', { correlationId: shown.extensions.correlationId, error: error as Error });
    answerOverHttp(host.switchToHttp().getResponse<Response>(), shown);
  }
}
