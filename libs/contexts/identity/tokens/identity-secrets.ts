import { hkdfSync } from 'node:crypto';

/** Identity's own keys, each for one purpose. They follow from the master key, so that no further secret has to be kept. */
export class IdentitySecrets {
  /** Finds an e-mail address without keeping it. */
  readonly emailLookup: Buffer;
  /** Makes refresh tokens, and tells ours from made-up ones. */
  readonly refreshTokens: Buffer;

  /** @param masterKey 32 bytes */
  constructor(masterKey: Buffer) {
    this.emailLookup = derived(masterKey, 'parley.identity.email-lookup');
    this.refreshTokens = derived(masterKey, 'parley.identity.refresh-tokens');
  }
}

const derived = (masterKey: Buffer, purpose: string): Buffer => Buffer.from(hkdfSync('sha256', masterKey, '', purpose, 32));
