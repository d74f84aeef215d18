import { once } from 'node:events';
import { defineConfig, flag, integer } from '@parley/platform/config/config.js';
import { logger } from '@parley/platform/telemetry/logger.js';
import { z } from 'zod';
import { startProviderSimulator } from './start-simulator.js';

const simulatorConfig = defineConfig({
  PARLEY_SIMULATOR_HOST: z.string().default('127.0.0.1').describe('address that the provider simulator listens on'),
  PARLEY_SIMULATOR_PORT: integer(0, 65_535).default(4010).describe('port of the provider simulator; 0: any free one'),
  PARLEY_SIMULATOR_FIRST_TOKEN_MS: integer(0, 60_000).default(150).describe('time before the first token of a simulated reply'),
  PARLEY_SIMULATOR_TOKEN_MS: integer(0, 60_000).default(20).describe('time between tokens of a simulated reply'),
  PARLEY_SIMULATOR_RECORDS_CALLS: flag().default(false).describe('for tests: keep the calls, with what was said, and show them at GET /__calls'),
});

const config = simulatorConfig.read();
const simulator = await startProviderSimulator({
  host: config.PARLEY_SIMULATOR_HOST,
  port: config.PARLEY_SIMULATOR_PORT,
  firstTokenMs: config.PARLEY_SIMULATOR_FIRST_TOKEN_MS,
  tokenMs: config.PARLEY_SIMULATOR_TOKEN_MS,
  recordCalls: config.PARLEY_SIMULATOR_RECORDS_CALLS,
});
const log = logger('provider-simulator');
log.info('simulator.listening', { url: simulator.url });
await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
await simulator.close();
log.info('simulator.stopped');
