import { type DynamicModule, Global, Module } from '@nestjs/common';
import { openSigningKeys } from './signing-key-file.js';
import { SigningKeys } from './signing-keys.js';
import { TokenSettings } from './token-settings.js';

export interface IdentityKeysOptions {
  /** Where a development key may be made when the environment names none; leave it out where there may be none. */
  readonly dataDir?: string;
}

/** The keys that sign and check access tokens, and the settings of tokens. */
@Global()
@Module({})
export class IdentityKeysModule {
  static forRoot({ dataDir }: IdentityKeysOptions = {}): DynamicModule {
    return {
      module: IdentityKeysModule,
      providers: [
        { provide: SigningKeys, useFactory: () => openSigningKeys(dataDir) },
        { provide: TokenSettings, useFactory: () => TokenSettings.read() },
      ],
      exports: [SigningKeys, TokenSettings],
    };
  }
}
