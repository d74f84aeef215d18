import { type ArgumentsHost, Catch, type ExceptionFilter, Injectable } from '@nestjs/common';
import type { GqlContextType } from '@nestjs/graphql';
import type { Response } from 'express';
import { ErrorAnswers } from './error-answers.js';
import { type ShownError, STATUS_OF } from './errors.js';

/** The last station of whatever is thrown: GraphQL formats its errors itself, HTTP gets the same shape with a status. */
@Catch()
@Injectable()
export class EdgeFilter implements ExceptionFilter {
  constructor(private readonly errors: ErrorAnswers) {}

  catch(error: unknown, host: ArgumentsHost): unknown {
    if (host.getType<GqlContextType>() === 'graphql') return error; // Nest throws on what a filter returns, and logs what it throws itself
    const response = host.switchToHttp().getResponse<Response>();
    if (response.headersSent) return response.end();
    return answerOverHttp(response, this.errors.answer(error));
  }
}

/** Answers with one error, as JSON in GraphQL's shape. */
export function answerOverHttp(response: Response, shown: ShownError, status = STATUS_OF[shown.extensions.kind]): void {
  const retryAfter = retryAfterSeconds([shown]);
  if (retryAfter) response.set('retry-after', retryAfter);
  if (shown.extensions.code === 'BODY_TOO_LARGE') response.status(413);
  else response.status(status);
  response.json({ errors: [shown] });
}

/** @returns whole seconds for the header Retry-After, or undefined where no error says when to come again */
export function retryAfterSeconds(errors: readonly ShownError[]): string | undefined {
  const waits = errors.map(({ extensions }) => extensions.details.retryAfterMs).filter((ms) => typeof ms === 'number');
  return waits.length > 0 ? `${Math.ceil(Math.max(...waits) / 1_000)}` : undefined;
}
