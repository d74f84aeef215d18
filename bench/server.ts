import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { connectClient } from '@parley/platform/postgres/connect.js';
import { discard, startEmbeddedPostgres } from '@parley/platform/postgres/embedded-postgres.js';

/** `as it is`, or one on which every flush takes a millisecond longer: a plain cloud volume. */
export type Disk = 'as it is' | '1 ms';

/** A Postgres for one row. fsync is on: what a commit costs is what is measured. */
export interface Server {
  readonly disk: Disk;
  /** A new, empty database. @returns its URL */
  newDatabase(name: string): Promise<string>;
  stop(): Promise<void>;
}

/** @returns undefined when this machine has no C compiler and a slow disk is asked for */
export async function startServer(disk: Disk = 'as it is'): Promise<Server | undefined> {
  const dataDir = `/var/tmp/parley-bench-${process.pid}-${disk.replaceAll(' ', '-')}`;
  const env = disk === '1 ms' ? slowDisk(dataDir) : {};
  if (!env) return undefined;
  const postgres = await startEmbeddedPostgres({ dataDir, env, settings: { max_connections: '200' } });
  return {
    disk,
    async newDatabase(name) {
      const client = await connectClient(postgres.url);
      await client.query(`create database ${name}`);
      await client.end();
      return new URL(`/${name}`, postgres.url).href;
    },
    async stop() {
      await postgres.stop();
      discard(dataDir);
    },
  };
}

/** The server runs as another user, who may not reach this folder: the shim is built here and lies beside the data. */
function slowDisk(dataDir: string): Record<string, string> | undefined {
  const built = join(process.cwd(), 'bench/results/slow-disk.so');
  if (spawnSync('cc', ['-shared', '-fPIC', '-O2', '-o', built, join(process.cwd(), 'bench/slow-disk.c'), '-ldl']).status !== 0) return undefined;
  const preload = `${dataDir}.so`;
  if (existsSync(preload)) rmSync(preload);
  copyFileSync(built, preload);
  process.once('exit', () => rmSync(preload, { force: true }));
  return { LD_PRELOAD: preload };
}
