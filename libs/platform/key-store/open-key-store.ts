import { z } from 'zod';
import { defineConfig } from '../config/config.js';
import type { Databases } from '../postgres/databases.js';
import { ErasedList, ListedKeyStore } from './erased-list.js';
import type { KeyStore } from './key-store.js';
import type { MasterKey } from './master-key.js';
import { MemoryKeyStore } from './memory.key-store.js';
import { PostgresKeyStore } from './postgres.key-store.js';

export const keyStoreConfig = defineConfig({
  PARLEY_KEY_STORE_URL: z.enum(['postgres:', 'memory:']).default('postgres:').describe("where people's keys are kept: postgres: (Parley's database) or memory: (lost at the end, with all that they sealed)"),
});

/** The adapter that the URL's scheme names. @param erasedFile where it is noted, apart from the database, whose key was destroyed */
export function openKeyStore(databases: Databases, masterKey: MasterKey, erasedFile?: string): KeyStore {
  const keys = keyStoreConfig.read().PARLEY_KEY_STORE_URL === 'memory:' ? new MemoryKeyStore() : new PostgresKeyStore(databases.writer, masterKey);
  return erasedFile === undefined ? keys : new ListedKeyStore(keys, new ErasedList(erasedFile));
}
