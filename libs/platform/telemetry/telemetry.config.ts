import { z } from 'zod';
import { defineConfig, secret } from '../config/config.js';

export const telemetryConfig = defineConfig({
  PARLEY_LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info').describe('least level that is logged'),
  PARLEY_METRICS_TOKEN: secret().optional().describe('bearer token that /metrics asks for; without it anybody who reaches the port may read'),
});

export const tracingConfig = defineConfig({
  OTEL_EXPORTER_OTLP_ENDPOINT: z.url({ protocol: /^https?$/ }).optional().describe('OpenTelemetry collector that traces are sent to by OTLP, e.g. http://127.0.0.1:4318; without it none are made. The other OTEL_ variables count too'),
  OTEL_SERVICE_NAME: z.string().min(1).optional().describe('what this process is called in traces; default: parley- and its part'),
});
