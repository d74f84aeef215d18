import { z } from 'zod';
import { defineConfig, integer } from '../config/config.js';
import { type Databases, openDatabases } from '../postgres/databases.js';
import type { EventStore } from './event-store.js';
import { MemoryEventStore } from './memory.event-store.js';
import { PostgresEventStore, type PostgresEventStoreOptions } from './postgres.event-store.js';

export const eventStoreConfig = defineConfig({
  PARLEY_EVENT_STORE_URL: z.string().default('postgres:').describe('where the log is: `postgres:` (in PARLEY_DATABASE_URL), `postgres://…` (a database of its own), `memory:` (gone with the process)'),
  PARLEY_EVENT_STORE_WAITING_MAX: integer(1).default(10_000).describe('most changes that wait to be written; one more is refused as unavailable'),
});

/** What an adapter may need of the place it runs in. */
export interface EventStorePlace {
  /** Parley's own database, for `postgres:` without a host. */
  readonly databases?: Databases;
  /** For a database of its own: the roles' passwords follow from it. */
  readonly masterKey?: Buffer;
}

/**
 * Opens the event store that a URL names.
 *
 * @param url see PARLEY_EVENT_STORE_URL
 * @throws Error in one sentence when there is no such store; DatabaseUnusable when its database cannot be used
 */
export async function openEventStore(url: string, { databases, masterKey }: EventStorePlace, options: PostgresEventStoreOptions = {}): Promise<EventStore> {
  if (url === 'memory:') return new MemoryEventStore();
  if (url === 'postgres:' && databases) return PostgresEventStore.open(databases, options);
  if (/^postgres(ql)?:\/\//.test(url) && masterKey) return openElsewhere(url, masterKey, options);
  throw new Error(`PARLEY_EVENT_STORE_URL: there is no event store for ${URL.parse(url)?.protocol ?? 'what is no URL'} here.`);
}

/** A log in a database of its own, whose connections end with it. */
async function openElsewhere(ownerUrl: string, masterKey: Buffer, options: PostgresEventStoreOptions): Promise<EventStore> {
  const databases = await openDatabases({ ownerUrl, masterKey, tables: [] });
  try {
    return await PostgresEventStore.open(databases, { ...options, closed: () => databases.close() });
  } catch (error) {
    await databases.close();
    throw error;
  }
}
