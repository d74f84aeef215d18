import { rmSync } from 'node:fs';
import { startEmbeddedPostgres } from '@parley/platform/postgres/embedded-postgres.js';
import { SpecServer } from '@parley/platform/testing/spec-server.js';
import { embeddedDatabase } from '../running/embedded.js';
import { discardDataDirs, freePort, startInParts } from '../running/parley.js';
import type { ParleyInParts } from '../running/split.js';

/** Parley in parts, and servers of its own that may be killed: each comes back at once, at the address that it had. */
export interface Mortal {
  readonly parley: ParleyInParts;
  readonly kafka: SpecServer;
  readonly redis: SpecServer;
  /** Kills PostgreSQL and starts it again. Settles when it takes connections. */
  restartPostgres(): Promise<void>;
  stop(): Promise<void>;
}

export async function startMortal(): Promise<Mortal> {
  const stops: (() => Promise<unknown>)[] = [];
  const stop = async () => {
    for (const each of stops.splice(0).reverse()) await each();
  };
  try {
    const dataDir = `/var/tmp/parley-recovery-${process.pid}`;
    const settings = { max_connections: '300', port: `${await freePort()}` };
    let postgres = await startEmbeddedPostgres({ dataDir, settings });
    stops.push(async () => {
      await postgres.stop();
      rmSync(dataDir, { recursive: true, force: true });
    });
    const restartPostgres = async () => {
      process.kill(embeddedDatabase(dataDir).pid, 'SIGKILL');
      await postgres.exited;
      postgres = await startEmbeddedPostgres({ dataDir, settings });
    };
    const [kafka, redis] = await Promise.all([SpecServer.start('kafka'), SpecServer.start('redis')]);
    stops.push(() => Promise.all([kafka.close(), redis.close()]));
    const url = new URL(postgres.url);
    url.port = settings.port;
    Object.assign(process.env, { PARLEY_SPEC_DATABASE_URL: url.href, PARLEY_SPEC_KAFKA_URL: kafka.url, PARLEY_SPEC_REDIS_URL: redis.url });
    const parley = await startInParts({ counts: { gateway: 2, command: 2, relay: 2 } });
    stops.push(async () => {
      await parley.kill('SIGKILL');
      discardDataDirs();
    });
    return { parley, kafka, redis, restartPostgres, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
