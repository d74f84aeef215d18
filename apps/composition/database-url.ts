import { readFileSync } from 'node:fs';
import { InvalidConfig } from '@parley/platform/config/config.js';
import type { standaloneConfig } from '@parley/platform/standalone/standalone-config.js';

/** Where the configured database is, with its password wherever that stands; undefined when Parley runs one of its own. */
export function databaseUrl(config: ReturnType<typeof standaloneConfig.read>): string | undefined {
  const { PARLEY_DATABASE_URL, PARLEY_DATABASE_PASSWORD, PARLEY_DATABASE_PASSWORD_FILE } = config;
  if (PARLEY_DATABASE_URL === undefined) return undefined;
  const url = new URL(PARLEY_DATABASE_URL);
  const password = PARLEY_DATABASE_PASSWORD?.reveal() ?? (PARLEY_DATABASE_PASSWORD_FILE && read(PARLEY_DATABASE_PASSWORD_FILE));
  if (password) url.password = encodeURIComponent(password);
  return url.href;
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new InvalidConfig(`PARLEY_DATABASE_PASSWORD_FILE: ${file} cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}
