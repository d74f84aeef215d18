import type { DomainError } from '@parley/kernel/domain-error.js';
import type { Response } from 'express';
import { GraphQLError } from 'graphql';
import type { ShownError } from '../errors.js';
import { ServerStopping } from '../refusals.js';

/** Who takes nothing for so long is let go. */
const STALL_MS = 30_000;
const GOODBYE_MS = 1_000;
/** What EventSource waits before it connects again. */
const RETRY_MS = 1_000;

/** One stream of server-sent events: the next result is asked for when the last one has gone out, so nothing piles up. */
export class EventStream {
  private isIdle: Promise<void> = Promise.resolve();
  private wentOut: () => void = () => undefined;
  private stop: () => void = () => undefined;

  /** @param shown makes an error fit to be seen */
  constructor(
    private readonly response: Response,
    readonly shown: (error: unknown) => ShownError,
  ) {}

  /** Resolves when the results before this one have gone out, and counts this one. */
  async room(): Promise<void> {
    await this.isIdle;
    this.isIdle = new Promise((resolve) => (this.wentOut = resolve));
  }

  /** Writes the messages of graphql-sse until they end, the client leaves, or `end`. */
  async send(messages: AsyncGenerator<string>): Promise<void> {
    this.stop = () => {
      this.wentOut();
      void messages.return(undefined);
    };
    this.response.once('close', this.stop);
    this.response.status(200).set({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no', // nginx would else collect the stream
    });
    try {
      for await (const message of messages) {
        if (!(await this.write(message))) break;
        if (message.startsWith('event: next')) this.wentOut();
      }
    } catch (error) {
      await this.write(next(this.shown(error)) + COMPLETE); // the operation's source broke
    }
    this.response.end();
  }

  /** Says why as the stream's last result, then closes: who comes back resumes. */
  end(why: DomainError): void {
    const retry = why instanceof ServerStopping ? `retry: ${RETRY_MS}\n\n` : '';
    this.response.end(retry + next(this.shown(new GraphQLError(why.message, { originalError: why }))) + COMPLETE);
    this.stop();
    setTimeout(() => this.response.destroy(), GOODBYE_MS).unref();
  }

  /** @returns false when nobody is there any more */
  private write(text: string): Promise<boolean> {
    if (this.response.writableEnded || this.response.destroyed) return Promise.resolve(false);
    return new Promise((resolve) => {
      const stalled = setTimeout(() => this.response.destroy(), STALL_MS);
      stalled.unref();
      this.response.write(text, (error) => {
        clearTimeout(stalled);
        resolve(!error);
      });
    });
  }
}

const next = (error: ShownError) => `event: next\ndata: ${JSON.stringify({ errors: [error] })}\n\n`;
const COMPLETE = 'event: complete\ndata: \n\n';
