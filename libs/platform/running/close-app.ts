import type { INestApplication } from '@nestjs/common';
import { HealthChecks } from '../health/health-checks.js';
import type { Stop } from './run-app.js';

/** The end of an app: it says that it is not ready, then lets what is under way come to its end, then closes. */
export const closing = (app: INestApplication): Stop => async () => {
  app.get(HealthChecks, { strict: false }).stopping();
  await app.close();
};
