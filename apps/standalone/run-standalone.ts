import { mkdirSync } from 'node:fs';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { ProvidersModule } from '@parley/inference/providers/providers.module.js';
import { GATEWAY_APP_OPTIONS, prepareGateway } from '@parley/platform/graphql-kit/prepare-gateway.js';
import { configuredMasterKey, developmentMasterKey } from '@parley/platform/key-store/master-key.js';
import { DataFolderNotWritable, startEmbeddedPostgres } from '@parley/platform/postgres/embedded-postgres.js';
import { closing } from '@parley/platform/running/close-app.js';
import { runApp, type Stop } from '@parley/platform/running/run-app.js';
import { standaloneConfig } from '@parley/platform/standalone/standalone-config.js';
import { rootLogger } from '@parley/platform/telemetry/logger.js';
import { NestLogger } from '@parley/platform/telemetry/nest-logger.js';
import { telemetryConfig } from '@parley/platform/telemetry/telemetry.config.js';
import { startProviderSimulator } from '../provider-simulator/start-simulator.js';
import { databaseUrl } from '../composition/database-url.js';
import { type Demo, ensureDemo } from './demo.js';
import { takePort } from '../composition/port.js';
import { StandaloneModule } from './standalone.module.js';

/** How fast the simulator answers: so that a person sees the reply stream in, as from a real provider. */
const PACE = { firstTokenMs: 150, tokenMs: 20 };

/** Runs Parley in one process until it is asked to stop. @returns the exit code */
export const runStandalone = (): Promise<number> => runApp('standalone', start);

/** @returns `lost` settles when the embedded database is gone unasked */
async function start(stops: Stop[]): Promise<{ readonly lost: Promise<string> }> {
  rootLogger.level = telemetryConfig.read().PARLEY_LOG_LEVEL;
  const config = standaloneConfig.read();
  const { PARLEY_GATEWAY_HOST: host, PARLEY_GATEWAY_PORT: port, PARLEY_DATA_DIR: dataDir } = config;
  const release = await takePort(host, port); // before anything is made: a second start must not touch the first one's things
  stops.push(release);

  let lost = new Promise<string>(() => undefined);
  let url = databaseUrl(config);
  if (url === undefined) {
    const postgres = await startEmbeddedPostgres({ dataDir });
    stops.push(postgres.stop);
    url = postgres.url;
    lost = postgres.exited.then(() => 'the database has ended, so Parley ends too.');
  } else ensureFolder(dataDir);

  const masterKey = configuredMasterKey() ?? developmentMasterKey(dataDir);
  const simulator = ProvidersModule.isConfigured() ? undefined : await startProviderSimulator(PACE);
  if (simulator) stops.push(() => simulator.close());

  const options = { databaseUrl: url, masterKey, dataDir, ...(simulator && { simulatorUrl: simulator.url }) };
  const app = await NestFactory.create<NestExpressApplication>(StandaloneModule.forRoot(options), { ...GATEWAY_APP_OPTIONS, logger: new NestLogger(), abortOnError: false });
  stops.push(closing(app));
  prepareGateway(app);
  await app.init();
  await release();
  await app.listen(port, host);
  const address = `http://${host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host}:${port}`;
  greet(address, await ensureDemo(app, address, dataDir), simulator !== undefined);
  return { lost };
}

function ensureFolder(dataDir: string): void {
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw new DataFolderNotWritable(dataDir, { cause });
  }
}

/** What the person at the terminal needs now. Their password is shown here and nowhere else: a log is kept, a terminal is not. */
function greet(address: string, { email, password, isOurs }: Demo, isSimulated: boolean): void {
  const lines = [
    `Parley is ready at ${address} after ${(performance.now() / 1_000).toFixed(1)} s.`,
    '',
    `  explorer   ${address}/graphql`,
    `  health     ${address}/health/ready`,
    ...(isOurs ? [`  sign in    ${email}  ${password}`] : []),
    `  chat       npx parley chat "hello"`,
    ...(isSimulated ? ['', 'No provider is configured, so the provider simulator answers. Set OPENAI_API_KEY, ANTHROPIC_API_KEY or PARLEY_PROVIDER_<NAME>_URL for a real one.'] : []),
    '',
    'Ctrl-C stops everything.',
  ];
  console.log(lines.join('\n'));
}
