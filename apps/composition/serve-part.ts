import type { DynamicModule } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { PartErrors } from '@parley/platform/graphql-kit/part-errors.js';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { defineConfig, integer } from '@parley/platform/config/config.js';
import { configuredMasterKey, type MasterKey } from '@parley/platform/key-store/master-key.js';
import { closing } from '@parley/platform/running/close-app.js';
import { CannotStart, runApp, type Stop } from '@parley/platform/running/run-app.js';
import { standaloneConfig } from '@parley/platform/standalone/standalone-config.js';
import { logger, rootLogger } from '@parley/platform/telemetry/logger.js';
import { NestLogger } from '@parley/platform/telemetry/nest-logger.js';
import { telemetryConfig } from '@parley/platform/telemetry/telemetry.config.js';
import { z } from 'zod';
import { databaseUrl } from './database-url.js';
import { takePort } from './port.js';

/** Where a process that is not the gateway tells how it is: `/health/live`, `/health/ready`, `/metrics`. */
export const partConfig = defineConfig({
  PARLEY_HEALTH_HOST: z.string().min(1).default('127.0.0.1').describe('address that command, relay, projector and runtime tell their health and metrics on'),
  PARLEY_HEALTH_PORT: integer(1, 65_535).default(9_400).describe('port of the same'),
});

/** What every process of a Parley in parts must be told. */
export interface Surroundings {
  readonly databaseUrl: string;
  readonly masterKey: MasterKey;
}

/** @throws CannotStart, InvalidConfig */
export function surroundings(): Surroundings {
  const url = databaseUrl(standaloneConfig.read());
  if (url === undefined) throw new CannotStart('PARLEY_DATABASE_URL is missing: the parts of a Parley share one PostgreSQL.');
  const masterKey = configuredMasterKey();
  if (!masterKey) throw new CannotStart('PARLEY_MASTER_KEY_FILE (or PARLEY_MASTER_KEY) is missing: all parts of a Parley seal and open with the same key.');
  return { databaseUrl: url, masterKey };
}

/** Says how much is logged. To be called before anything is. */
export function setLogLevel(): void {
  rootLogger.level = telemetryConfig.read().PARLEY_LOG_LEVEL;
}

/** Runs one part of a Parley that has no public door. @returns the exit code */
export function servePart(name: string, module: (around: Surroundings) => DynamicModule): Promise<number> {
  return runApp(name, async (stops: Stop[]) => {
    setLogLevel();
    const { PARLEY_HEALTH_HOST: host, PARLEY_HEALTH_PORT: port } = partConfig.read();
    const release = await takePort(host, port, 'PARLEY_HEALTH');
    stops.push(release);
    const app = await NestFactory.create<NestExpressApplication>(module(surroundings()), { logger: new NestLogger(), abortOnError: false });
    stops.push(closing(app));
    app.useGlobalFilters(new PartErrors());
    await app.init();
    await release();
    await app.listen(port, host);
    logger(name).info('app.ready', { port });
  });
}
