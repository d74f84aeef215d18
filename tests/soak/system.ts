import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { startEmbeddedPostgres } from '@parley/platform/postgres/embedded-postgres.js';
import { discardDataDirs, startInParts, startParley } from '../running/parley.js';
import { INSPECTED } from './live-heap.js';
import type { Sampled } from './samples.js';

/** What is watched for a long time: Parley in one process, or in parts with the servers it needs. */
export interface System {
  readonly doors: readonly string[];
  readonly processes: readonly Sampled[];
  /** What each process printed. */
  readonly outputs: () => ReadonlyMap<string, string>;
  /** Settles with the name of the first process that ended unasked. */
  readonly lost: Promise<string>;
  stop(): Promise<void>;
}

type Services = { up(names: readonly string[]): Promise<Record<string, { url: string }>>; down(names: readonly string[]): Promise<unknown> };

/** A bench is many people at one address. */
const ENV = { PARLEY_GATEWAY_SOCKET_MESSAGES_PER_SECOND_MAX: '1000', ...INSPECTED };

export async function startStandaloneSystem(): Promise<System> {
  const parley = await startParley({ env: ENV });
  const stop = async () => {
    await parley.stop();
    discardDataDirs();
  };
  const processes = [{ name: 'standalone', url: parley.url, pid: parley.pid, output: () => parley.output() }];
  return { doors: [parley.url], processes, outputs: () => new Map([['standalone', parley.output()]]), lost: parley.exited.then(() => 'standalone'), stop };
}

/** @param folder where its servers keep what they need */
export async function startSystemInParts(folder: string): Promise<System> {
  const stops: (() => Promise<unknown>)[] = [() => Promise.resolve(rmSync(folder, { recursive: true, force: true }))];
  const stop = async () => {
    for (const each of stops.splice(0).reverse()) await each();
  };
  try {
    const postgres = await startEmbeddedPostgres({ dataDir: `${folder}-postgres`, settings: { max_connections: '400' } });
    stops.push(async () => {
      await postgres.stop();
      rmSync(`${folder}-postgres`, { recursive: true, force: true });
    });
    Object.assign(process.env, { PARLEY_SPEC_DATABASE_URL: postgres.url, PARLEY_SERVICES_DIR: folder, PARLEY_SERVICES_PORTS: 'free' });
    const services = (await import(join(process.cwd(), 'tests/services/services.mjs'))) as Services;
    for (const [name, { url }] of Object.entries(await services.up(['kafka', 'redis']))) process.env[`PARLEY_SPEC_${name.toUpperCase()}_URL`] = url;
    stops.push(() => services.down(['kafka', 'redis']));
    const parley = await startInParts({ counts: { gateway: 2, command: 2, relay: 2 }, env: ENV });
    stops.push(async () => {
      await parley.stop();
      discardDataDirs();
    });
    const named = parley.parts.map((part) => ({ part, name: nameOf(parley.of(part.name).length, part.name, parley.of(part.name).indexOf(part)) }));
    return {
      doors: parley.of('gateway').map(({ url }) => url),
      processes: named.map(({ part, name }) => ({ name, url: part.url, pid: part.pid, output: () => part.output() })),
      outputs: () => new Map(named.map(({ part, name }) => [name, part.output()])),
      lost: Promise.race(named.map(({ part, name }) => part.exited.then(() => name))),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

const nameOf = (count: number, name: string, index: number) => (count > 1 ? `${name} ${index + 1}` : name);
