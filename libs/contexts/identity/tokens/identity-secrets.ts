import { MasterKey } from '@parley/platform/key-store/master-key.js';
import { Injectable } from '@nestjs/common';

/** Identity's own keys, each for one purpose. They follow from the master key, so that no further secret has to be kept. */
@Injectable()
export class IdentitySecrets {
  /** Finds an e-mail address without keeping it. */
  readonly emailLookup: Buffer;
  /** Makes refresh tokens, and tells ours from made-up ones. */
  readonly refreshTokens: Buffer;

  constructor(masterKey: MasterKey) {
    this.emailLookup = masterKey.derive('identity.email-lookup');
    this.refreshTokens = masterKey.derive('identity.refresh-tokens');
  }
}
