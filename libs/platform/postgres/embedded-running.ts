import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { occupantOf } from './embedded-occupant.js';

/** Whether a Parley has ever kept its database in this data folder. */
export const hasEmbeddedDatabase = (dataDir: string): boolean => clustersOf(dataDir).length > 0;

/**
 * The server that another process runs on a data folder, for those who want to work beside it.
 *
 * @returns its URL, which holds the password: never print it. Undefined when none runs, or one that nobody looks after any more
 */
export function runningEmbeddedPostgres(dataDir: string): string | undefined {
  for (const cluster of clustersOf(dataDir)) {
    if (occupantOf(cluster).kind !== 'holder') continue;
    const [, , , port] = readFileSync(join(cluster, 'postmaster.pid'), 'utf8').split('\n');
    const password = readFileSync(join(cluster, 'password'), 'utf8').trim();
    return `postgres://postgres:${password}@127.0.0.1:${port}/postgres`;
  }
  return undefined;
}

/** One for each major version of PostgreSQL that was ever used here. */
function clustersOf(dataDir: string): readonly string[] {
  const home = join(dataDir, 'postgres');
  if (!existsSync(home)) return [];
  const real = realpathSync(home);
  return readdirSync(real).filter((name) => /^\d+$/.test(name)).map((name) => join(real, name));
}
