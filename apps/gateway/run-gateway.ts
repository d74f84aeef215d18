import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { GATEWAY_APP_OPTIONS, prepareGateway } from '@parley/platform/graphql-kit/prepare-gateway.js';
import { closing } from '@parley/platform/running/close-app.js';
import { runApp } from '@parley/platform/running/run-app.js';
import { standaloneConfig } from '@parley/platform/standalone/standalone-config.js';
import { logger } from '@parley/platform/telemetry/logger.js';
import { NestLogger } from '@parley/platform/telemetry/nest-logger.js';
import { setLogLevel, surroundings } from '../composition/serve-part.js';
import { takePort } from '../composition/port.js';
import { GatewayModule } from './gateway.module.js';

/** @returns the exit code */
export function runGateway(): Promise<number> {
  return runApp('gateway', async (stops) => {
    setLogLevel();
    const { PARLEY_GATEWAY_HOST: host, PARLEY_GATEWAY_PORT: port } = standaloneConfig.read();
    const release = await takePort(host, port, 'PARLEY_GATEWAY');
    stops.push(release);
    const app = await NestFactory.create<NestExpressApplication>(GatewayModule.in(surroundings()), { ...GATEWAY_APP_OPTIONS, logger: new NestLogger(), abortOnError: false });
    stops.push(closing(app));
    prepareGateway(app);
    await app.init();
    await release();
    await app.listen(port, host);
    logger('gateway').info('app.ready', { port });
  });
}
