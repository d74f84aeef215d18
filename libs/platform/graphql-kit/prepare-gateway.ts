import type { NestExpressApplication } from '@nestjs/platform-express';
import { json } from 'express';
import helmet from 'helmet';
import { Arrivals } from './arrivals.js';
import { explorer } from './explorer/explorer.js';
import { GatewaySettings } from './gateway.config.js';
import { EventStreams } from './live/event-streams.js';
import { SocketServer } from './live/socket.server.js';

/** Options for `NestFactory.create`: bodies are read by `prepareGateway`, within the limit. */
export const GATEWAY_APP_OPTIONS = { bodyParser: false } as const;

/** Pages of ours load nothing but files of ours. The explorer's page says its own policy. */
const POLICY = {
  useDefaults: false,
  directives: {
    defaultSrc: ["'none'"],
    styleSrc: ["'self'"],
    imgSrc: ["'self'", 'data:'],
    formAction: ["'none'"],
    baseUri: ["'none'"],
    frameAncestors: ["'none'"],
  },
};

/**
 * Opens the gateway's doors: ids and log lines, security headers, CORS, body limit, event streams, explorer, WebSockets, timeouts.
 * Call it once, after `NestFactory.create` and before `app.init()` or `app.listen()`: Nest puts its 404 behind what is there then.
 */
export function prepareGateway(app: NestExpressApplication): void {
  const { values } = app.get(GatewaySettings);
  app.disable('x-powered-by');
  app.set('trust proxy', values.PARLEY_GATEWAY_TRUSTED_PROXIES.length > 0 ? [...values.PARLEY_GATEWAY_TRUSTED_PROXIES] : false);
  app.use(app.get(Arrivals).middleware);
  app.use(helmet({ contentSecurityPolicy: POLICY }));
  app.enableCors({ origin: [...values.PARLEY_GATEWAY_ORIGINS], exposedHeaders: ['x-request-id', 'x-correlation-id', 'retry-after'], maxAge: 600 });
  if (values.isExplorerShown) app.use(explorer());
  app.use(json({ limit: values.PARLEY_GATEWAY_BODY_MAX_BYTES }));
  app.use('/graphql/stream', app.get(EventStreams).middleware);

  const server = app.getHttpServer();
  server.requestTimeout = 30_000; // the whole request must be here by then
  server.headersTimeout = 10_000;
  app.get(SocketServer).attach(server);
}
