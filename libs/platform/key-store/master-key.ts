import { createHmac, hkdfSync, randomBytes } from 'node:crypto';
import { chmodSync, existsSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { defineConfig, InvalidConfig, secret } from '../config/config.js';
import { logger } from '../telemetry/logger.js';

const KEY_BYTES = 32;

export const masterKeyConfig = defineConfig({
  PARLEY_MASTER_KEY: secret().optional().describe('32 bytes in base64: wraps the keys that seal personal data. Lost, that data is lost'),
  PARLEY_MASTER_KEY_FILE: z.string().min(1).optional().describe('a file that holds the same, for secrets that are mounted'),
});

/** The one secret that everything else follows from: it wraps the keys of people, and other secrets are derived from it. */
export class MasterKey {
  /** Tells which master key it is, and nothing about it. */
  readonly fingerprint: string;

  /** @param bytes 32 */
  constructor(readonly bytes: Buffer) {
    if (bytes.length !== KEY_BYTES) throw new RangeError(`a master key has ${KEY_BYTES} bytes`);
    this.fingerprint = createHmac('sha256', bytes).update('parley master key').digest('hex').slice(0, 16);
  }

  /** @param base64 32 bytes. @throws InvalidConfig that does not quote it */
  static parse(base64: string, source: string): MasterKey {
    const bytes = Buffer.from(base64.trim(), 'base64');
    if (bytes.length !== KEY_BYTES) throw new InvalidConfig(`${source}: must be ${KEY_BYTES} bytes in base64, such as \`openssl rand -base64 32\` makes`);
    return new MasterKey(bytes);
  }

  /** A key for one purpose, which tells nothing about the others. @param purpose e.g. `identity.email-lookup` @returns 32 bytes */
  derive(purpose: string): Buffer {
    return Buffer.from(hkdfSync('sha256', this.bytes, '', purpose, KEY_BYTES));
  }

  /** Never by accident into a log. */
  toJSON(): string {
    return '***';
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return 'MasterKey ***';
  }
}

/** The master key that the environment names. @returns undefined when it names none. @throws InvalidConfig */
export function configuredMasterKey(env?: Readonly<Record<string, string | undefined>>): MasterKey | undefined {
  const { PARLEY_MASTER_KEY: key, PARLEY_MASTER_KEY_FILE: file } = masterKeyConfig.read(env);
  if (key) return MasterKey.parse(key.reveal(), 'PARLEY_MASTER_KEY');
  if (file) return MasterKey.parse(readOrExplain(file), 'PARLEY_MASTER_KEY_FILE');
  return undefined;
}

/**
 * The key of a machine where nobody configured one: made on the first start, and kept in `<dataDir>/master.key`, which only we may
 * read. Two that start at once get the same.
 */
export function developmentMasterKey(dataDir: string): MasterKey {
  mkdirSync(dataDir, { recursive: true });
  const file = developmentKeyFile(dataDir);
  const draft = `${file}.${process.pid}.${randomBytes(4).toString('hex')}`;
  writeFileSync(draft, `${randomBytes(KEY_BYTES).toString('base64')}\n`, { mode: 0o600 });
  try {
    linkSync(draft, file); // all of it or nothing, and never over one that is there
    logger('key-store').warn('master-key.made', { file, hint: 'for development; set PARLEY_MASTER_KEY_FILE in production, and keep a copy' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(draft, { force: true });
  }
  chmodSync(file, 0o600);
  return MasterKey.parse(readFileSync(file, 'utf8'), file);
}

export const hasDevelopmentMasterKey = (dataDir: string): boolean => existsSync(developmentKeyFile(dataDir));

const developmentKeyFile = (dataDir: string) => join(dataDir, 'master.key');

function readOrExplain(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new InvalidConfig(`PARLEY_MASTER_KEY_FILE: ${file} cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}
