import { z } from 'zod';
import { defineConfig, secret } from '../config/config.js';

export const telemetryConfig = defineConfig({
  PARLEY_LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info').describe('least level that is logged'),
  PARLEY_METRICS_TOKEN: secret().optional().describe('bearer token that /metrics asks for; without it anybody who reaches the port may read'),
});
