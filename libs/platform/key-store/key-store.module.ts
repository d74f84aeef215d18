import { type DynamicModule, Global, Module } from '@nestjs/common';
import { Databases } from '../postgres/databases.js';
import { KeyStore } from './key-store.js';
import { MasterKey } from './master-key.js';
import { openKeyStore } from './open-key-store.js';
import { personKeysTable } from './postgres.key-store.js';

@Global()
@Module({})
export class KeyStoreModule {
  static readonly tables = [personKeysTable];

  static forRoot(masterKey: MasterKey): DynamicModule {
    return {
      module: KeyStoreModule,
      providers: [
        { provide: MasterKey, useValue: masterKey },
        { provide: KeyStore, useFactory: openKeyStore, inject: [Databases, MasterKey] },
      ],
      exports: [MasterKey, KeyStore],
    };
  }
}
