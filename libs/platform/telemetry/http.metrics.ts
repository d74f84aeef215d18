import { Injectable } from '@nestjs/common';
import type { Request, Response } from 'express';
import type { Histogram } from 'prom-client';
import { Metrics } from './metrics.js';

/** How long HTTP requests take, by route. An event stream's time is its life. */
@Injectable()
export class HttpMetrics {
  private readonly seconds: Histogram<'method' | 'route' | 'status'>;

  constructor(metrics: Metrics) {
    this.seconds = metrics.seconds('parley_http_seconds', 'Time of an HTTP request.', ['method', 'route', 'status']);
  }

  observe({ method, route, baseUrl }: Request, { statusCode }: Response, durationMs: number): void {
    const path = (route as { path?: unknown } | undefined)?.path;
    const known = typeof path === 'string' ? `${baseUrl}${path}` : baseUrl || 'other'; // what no route took is a client's own word
    this.seconds.observe({ method: METHODS.has(method) ? method : 'other', route: known, status: statusCode }, durationMs / 1_000);
  }
}

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);
