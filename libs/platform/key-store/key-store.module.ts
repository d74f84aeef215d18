import { type DynamicModule, Global, Module } from '@nestjs/common';
import { Databases } from '../postgres/databases.js';
import { erasedFile } from './erased-list.js';
import { KeyStore } from './key-store.js';
import { MasterKey } from './master-key.js';
import { openKeyStore } from './open-key-store.js';
import { personKeysTable } from './postgres.key-store.js';

@Global()
@Module({})
export class KeyStoreModule {
  static readonly tables = [personKeysTable];

  /** @param dataDir where it is noted who was erased, when the environment names no file for that */
  static forRoot(masterKey: MasterKey, dataDir?: string): DynamicModule {
    return {
      module: KeyStoreModule,
      providers: [
        { provide: MasterKey, useValue: masterKey },
        { provide: KeyStore, useFactory: (databases: Databases) => openKeyStore(databases, masterKey, erasedFile(dataDir)), inject: [Databases] },
      ],
      exports: [MasterKey, KeyStore],
    };
  }
}
