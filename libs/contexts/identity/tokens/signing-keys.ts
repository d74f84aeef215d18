import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { calculateJwkThumbprint, type JSONWebKeySet } from 'jose';

/** The only algorithm that access tokens are signed with, or accepted with. */
export const ALGORITHM = 'ES256';

const PEM_BLOCK = /-----BEGIN ([A-Z ]+)-----[\s\S]+?-----END \1-----/g;

/** PARLEY_JWT_PRIVATE_KEY does not hold what it should. */
export class SigningKeyUnusable extends Error {}

interface NamedKey {
  /** SHA-256 thumbprint of the public key (RFC 7638): the same in every process, without anyone choosing it. */
  readonly kid: string;
  readonly publicKey: KeyObject;
}

/**
 * The keys of access tokens: one signs, all are accepted. To rotate, put a new key before the old one; take the old one away once
 * its last token has ended.
 */
export class SigningKeys {
  private constructor(readonly kid: string, readonly privateKey: KeyObject, private readonly accepted: readonly NamedKey[]) {}

  /**
   * @param pem one or more P-256 keys; the first must be private. `\n` may be written as two characters, as env files do.
   * @throws SigningKeyUnusable, without any part of the key
   */
  static async fromPem(pem: string): Promise<SigningKeys> {
    const blocks = pem.replaceAll('\\n', '\n').match(PEM_BLOCK) ?? [];
    const [first] = blocks;
    if (!first?.includes('PRIVATE KEY')) throw new SigningKeyUnusable('the first key must be a private key in PEM');
    const accepted = await Promise.all(blocks.map(named));
    return new SigningKeys(accepted[0]!.kid, createPrivateKey(first), accepted);
  }

  /** The key that a token says it was signed with, if it is one of ours. */
  find(kid: string): KeyObject | undefined {
    return this.accepted.find((each) => each.kid === kid)?.publicKey;
  }

  /** What others need to check our tokens: public keys only. */
  jwks(): JSONWebKeySet {
    return { keys: this.accepted.map(({ kid, publicKey }) => ({ ...publicKey.export({ format: 'jwk' }), kid, alg: ALGORITHM, use: 'sig' })) };
  }
}

/** A new key, PEM (PKCS #8). */
export const newSigningKey = (): string =>
  generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

async function named(pem: string, index: number): Promise<NamedKey> {
  const publicKey = read(pem, index);
  if (publicKey.asymmetricKeyDetails?.namedCurve !== 'prime256v1') throw new SigningKeyUnusable(`key ${index + 1} is not a P-256 key`);
  return { kid: await calculateJwkThumbprint(publicKey.export({ format: 'jwk' })), publicKey };
}

function read(pem: string, index: number): KeyObject {
  try {
    return createPublicKey(pem);
  } catch {
    throw new SigningKeyUnusable(`key ${index + 1} cannot be read`); // without the cause: it might quote the key
  }
}
