import { type DynamicModule, Global, Module } from '@nestjs/common';
import { IdentitySecrets } from './identity-secrets.js';
import { openSigningKeys } from './signing-key-file.js';
import { SigningKeys } from './signing-keys.js';
import { TokenSettings } from './token-settings.js';

export interface IdentityKeysOptions {
  /** 32 bytes. */
  readonly masterKey: Buffer;
  /** Where a development key may be made when the environment names none; leave it out where there may be none. */
  readonly dataDir?: string;
}

/** The keys and the settings of tokens, for every part of identity. */
@Global()
@Module({})
export class IdentityKeysModule {
  static forRoot({ masterKey, dataDir }: IdentityKeysOptions): DynamicModule {
    return {
      module: IdentityKeysModule,
      providers: [
        { provide: SigningKeys, useFactory: () => openSigningKeys(dataDir) },
        { provide: IdentitySecrets, useFactory: () => new IdentitySecrets(masterKey) },
        { provide: TokenSettings, useFactory: () => TokenSettings.read() },
      ],
      exports: [SigningKeys, IdentitySecrets, TokenSettings],
    };
  }
}
