import { Global, Module } from '@nestjs/common';
import { HttpMetrics } from './http.metrics.js';
import { LeaseMetrics } from './lease.metrics.js';
import { Metrics } from './metrics.js';
import { MetricsController } from './metrics.controller.js';

@Global()
@Module({ controllers: [MetricsController], providers: [Metrics, HttpMetrics, LeaseMetrics], exports: [Metrics, HttpMetrics, LeaseMetrics] })
export class TelemetryModule {}
