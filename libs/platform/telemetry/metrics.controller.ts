import { timingSafeEqual } from 'node:crypto';
import { Controller, Get, Header, Headers } from '@nestjs/common';
import { Public } from '../graphql-kit/caller.js';
import { Unauthenticated } from '../graphql-kit/refusals.js';
import { Metrics } from './metrics.js';
import { telemetryConfig } from './telemetry.config.js';

/** What Prometheus scrapes. */
@Controller('metrics')
export class MetricsController {
  private readonly token = telemetryConfig.read().PARLEY_METRICS_TOKEN;

  constructor(private readonly metrics: Metrics) {}

  @Public()
  @Get()
  @Header('content-type', 'text/plain; version=0.0.4; charset=utf-8')
  read(@Headers('authorization') authorization = ''): Promise<string> {
    if (this.token && !isSame(authorization, `Bearer ${this.token.reveal()}`)) throw new Unauthenticated();
    return this.metrics.registry.metrics();
  }
}

function isSame(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}
