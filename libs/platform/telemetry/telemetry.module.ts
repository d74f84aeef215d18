import { Global, Module } from '@nestjs/common';
import { HttpMetrics } from './http.metrics.js';
import { Metrics } from './metrics.js';
import { MetricsController } from './metrics.controller.js';

@Global()
@Module({ controllers: [MetricsController], providers: [Metrics, HttpMetrics], exports: [Metrics, HttpMetrics] })
export class TelemetryModule {}
