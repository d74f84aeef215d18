import { AsyncResource } from 'node:async_hooks';
import { Injectable } from '@nestjs/common';
import type { NextFunction, Request, Response } from 'express';
import { Clock } from '../clock/clock.js';
import { Random } from '../random/random.js';
import { HttpMetrics } from '../telemetry/http.metrics.js';
import { logger, withLogContext } from '../telemetry/logger.js';
import { type OpenSpan, openSpan } from '../telemetry/tracing.js';
import type { Arrival, IncomingCall } from './call.js';

const CHAIN = /^[\x21-\x7e]{1,200}$/;
const REQUEST_ID = /^[\w.-]{1,100}$/;
const TRACEPARENT = /^[\da-f]{2}-[\da-f]{32}-[\da-f]{16}-[\da-f]{2}$/;
const log = logger('gateway');

/** Headers of a request, or what stands in their place. */
type Brought = Readonly<Record<string, unknown>>;

/** Gives each request its ids and its instant, and one line in the log. */
@Injectable()
export class Arrivals {
  constructor(
    private readonly clock: Clock,
    private readonly random: Random,
    private readonly metrics: HttpMetrics,
  ) {}

  /** Ids that the client brings are taken when they are well-formed, so that its logs and ours tell of the same request. */
  of(headers: Brought): Arrival {
    const now = this.clock.now();
    const newId = () => this.random.id(now);
    const requestId = matching(headers['x-request-id'], REQUEST_ID) ?? newId();
    const traceparent = matching(headers.traceparent, TRACEPARENT);
    return { requestId, correlationId: matching(headers['x-correlation-id'], CHAIN) ?? requestId, ...(traceparent && { traceparent }), now, newId };
  }

  /**
   * An operation of a socket, which has no headers of its own: it may bring the same in its message's `extensions`.
   *
   * @returns also the span that it is until it is over
   */
  ofOperation(extensions: Brought): readonly [Arrival, OpenSpan] {
    const told = this.of(extensions);
    const span = openSpan('WebSocket operation', { traceparent: told.traceparent, kind: 'server', attributes: { 'parley.correlation_id': told.correlationId } });
    return [{ ...told, ...(span.traceparent && { traceparent: span.traceparent }) }, span];
  }

  /** Express's first middleware. */
  readonly middleware = (req: Request & IncomingCall, res: Response, next: NextFunction): void => {
    const startedAt = performance.now();
    const isProbe = req.path.startsWith('/health') || req.path === '/metrics';
    const told = this.of(req.headers);
    const span = isProbe ? undefined : openSpan(`HTTP ${req.method}`, { traceparent: told.traceparent, kind: 'server', attributes: { 'http.request.method': req.method } });
    const arrival = { ...told, ...(span?.traceparent && { traceparent: span.traceparent }) };
    req.arrival = arrival;
    res.set({ 'x-request-id': arrival.requestId, 'x-correlation-id': arrival.correlationId });
    withLogContext({ requestId: arrival.requestId, correlationId: arrival.correlationId }, () => {
      const { method, path } = req;
      const logged = () => {
        const durationMs = performance.now() - startedAt;
        this.metrics.observe(req, res, durationMs);
        span?.end({ 'http.response.status_code': res.statusCode, 'parley.correlation_id': arrival.correlationId }, res.statusCode >= 500 ? `${res.statusCode}` : undefined);
        const fields = { method, path, status: res.statusCode, completed: res.writableFinished, duration_ms: Math.round(durationMs) };
        if (isProbe) log.debug('http.request', fields);
        else log.info('http.request', fields);
      };
      res.once('close', AsyncResource.bind(logged)); // an event has the log context of whoever emits it
      if (span) span.run(next);
      else next();
    });
  };
}

const matching = (value: unknown, pattern: RegExp) => (typeof value === 'string' && pattern.test(value) ? value : undefined);
