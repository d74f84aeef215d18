import { randomUUID } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { logger } from '@parley/platform/telemetry/logger.js';
import { newSigningKey, SigningKeys, SigningKeyUnusable } from './signing-keys.js';
import { tokensConfig } from './token-settings.js';

const log = logger('identity');

/**
 * The keys that PARLEY_JWT_PRIVATE_KEY or PARLEY_JWT_PRIVATE_KEY_FILE names; without either, a development key in the data folder,
 * which is made at the first start.
 *
 * @param dataDir folder of the development key; undefined where there may be none
 * @throws SigningKeyUnusable with one sentence that names the variable
 */
export async function openSigningKeys(dataDir?: string, env?: Readonly<Record<string, string | undefined>>): Promise<SigningKeys> {
  const { PARLEY_JWT_PRIVATE_KEY: given, PARLEY_JWT_PRIVATE_KEY_FILE: file } = tokensConfig.read(env);
  if (given) return keysOf('PARLEY_JWT_PRIVATE_KEY', given.reveal());
  if (file) return keysOf('PARLEY_JWT_PRIVATE_KEY_FILE', contentOf(file));
  if (dataDir) return keysOf('the development key', developmentKey(dataDir));
  throw new SigningKeyUnusable('PARLEY_JWT_PRIVATE_KEY or PARLEY_JWT_PRIVATE_KEY_FILE must name a P-256 private key in PEM.');
}

async function keysOf(source: string, pem: string): Promise<SigningKeys> {
  try {
    return await SigningKeys.fromPem(pem);
  } catch (error) {
    throw new SigningKeyUnusable(`${source}: ${error instanceof SigningKeyUnusable ? error.message : 'it cannot be read'}.`);
  }
}

function contentOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new SigningKeyUnusable(`PARLEY_JWT_PRIVATE_KEY_FILE: ${file} cannot be read (${(error as NodeJS.ErrnoException).code}).`);
  }
}

/** `<dataDir>/jwt.key`, which nobody but its owner can read. */
function developmentKey(dataDir: string): string {
  const file = join(dataDir, 'jwt.key');
  const draft = `${file}.${randomUUID()}`;
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    writeFileSync(draft, newSigningKey(), { mode: 0o600, flag: 'wx' });
    linkSync(draft, file); // whole, and only where there is none: of two that start at once, one makes it
    log.warn('signing-key.made', { file, remark: 'a development key: set PARLEY_JWT_PRIVATE_KEY_FILE in production' });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EEXIST') throw new SigningKeyUnusable(`The development key ${file} cannot be made (${code}).`);
  } finally {
    rmSync(draft, { force: true });
  }
  return readFileSync(file, 'utf8');
}
