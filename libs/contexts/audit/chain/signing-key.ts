import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { randomUUID } from 'node:crypto';
import { chmodSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Head, keyIdOf, keyText, payloadOf, type SignedHead } from '#parley-verify';
import { defineConfig, InvalidConfig, secret } from '@parley/platform/config/config.js';
import { logger } from '@parley/platform/telemetry/logger.js';
import { z } from 'zod';

export const signingKeyConfig = defineConfig({
  PARLEY_AUDIT_SIGNING_KEY: secret().optional().describe('Ed25519 private key in PEM (PKCS #8) that signs the heads of the audit chains; the database’s operator need not have it'),
  PARLEY_AUDIT_SIGNING_KEY_FILE: z.string().min(1).optional().describe('a file that holds the same, for secrets that are mounted'),
});

/** The key that signs heads. */
export class SigningKey {
  /** The fingerprint of its public half, by which others know it. */
  readonly keyId: string;
  /** SPKI in base64. */
  readonly publicKey: string;

  private constructor(private readonly privateKey: KeyObject) {
    const publicKey = createPublicKey(privateKey);
    this.keyId = keyIdOf(publicKey);
    this.publicKey = keyText(publicKey);
  }

  /** @param pem PKCS #8; `\n` may be written as two characters, as env files do. @throws InvalidConfig that does not quote it */
  static parse(pem: string, source: string): SigningKey {
    let key: KeyObject | undefined;
    try {
      key = createPrivateKey(pem.replaceAll('\\n', '\n'));
    } catch {
      key = undefined; // without the cause: it might quote the key
    }
    if (key?.asymmetricKeyType !== 'ed25519') throw new InvalidConfig(`${source}: must be an Ed25519 private key in PEM, such as \`openssl genpkey -algorithm ed25519\` makes`);
    return new SigningKey(key);
  }

  sign(head: Omit<Head, 'keyId'>): SignedHead {
    const payload = payloadOf({ ...head, keyId: this.keyId });
    return { payload, signature: sign(null, Buffer.from(payload), this.privateKey).toString('base64') };
  }

  /** Never by accident into a log. */
  toJSON(): string {
    return '***';
  }
}

/** A new key, PEM (PKCS #8). */
export const newSigningKey = (): string => generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

/**
 * The key that the environment names; without one, a development key in the data folder, which is made at the first start.
 *
 * @param dataDir folder of the development key; undefined where there may be none
 * @throws InvalidConfig
 */
export function openSigningKey(dataDir?: string, env?: Readonly<Record<string, string | undefined>>): SigningKey {
  const { PARLEY_AUDIT_SIGNING_KEY: given, PARLEY_AUDIT_SIGNING_KEY_FILE: file } = signingKeyConfig.read(env);
  if (given) return SigningKey.parse(given.reveal(), 'PARLEY_AUDIT_SIGNING_KEY');
  if (file) return SigningKey.parse(contentOf(file), 'PARLEY_AUDIT_SIGNING_KEY_FILE');
  if (dataDir) return SigningKey.parse(developmentKey(dataDir), join(dataDir, FILE));
  throw new InvalidConfig('PARLEY_AUDIT_SIGNING_KEY or PARLEY_AUDIT_SIGNING_KEY_FILE must name an Ed25519 private key in PEM');
}

const FILE = 'audit.key';

function contentOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new InvalidConfig(`PARLEY_AUDIT_SIGNING_KEY_FILE: ${file} cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}

/** `<dataDir>/audit.key`, which nobody but its owner can read. Of two that start at once, one makes it. */
function developmentKey(dataDir: string): string {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const file = join(dataDir, FILE);
  const draft = `${file}.${randomUUID()}`;
  writeFileSync(draft, newSigningKey(), { mode: 0o600, flag: 'wx' });
  try {
    linkSync(draft, file); // whole, and only where there is none
    logger('audit').warn('audit-key.made', { file, hint: 'for development; set PARLEY_AUDIT_SIGNING_KEY_FILE in production, to a key that the operator of the database does not have' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(draft, { force: true });
  }
  chmodSync(file, 0o600);
  return readFileSync(file, 'utf8');
}
