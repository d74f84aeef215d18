import { AccessDeniedError } from '@eventstore/db-client';
import { z } from 'zod';
import { defineConfig, integer } from '../config/config.js';
import { type Databases, openDatabases } from '../postgres/databases.js';
import { EsdbEventStore } from './esdb.event-store.js';
import { type EventStore, EventStoreUnusable, StoreUnavailable } from './event-store.js';
import { MemoryEventStore } from './memory.event-store.js';
import { PostgresEventStore, type PostgresEventStoreOptions } from './postgres.event-store.js';

export const eventStoreConfig = defineConfig({
  PARLEY_EVENT_STORE_URL: z.string().default('postgres:').describe('where the log is: `postgres:` (in PARLEY_DATABASE_URL), `postgres://…` (a database of its own), `esdb://…` or `esdb+discover://…` (EventStoreDB, KurrentDB; its connection string), `memory:` (gone with the process)'),
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
 * @throws EventStoreUnusable in one sentence when there is no such store, or it cannot be used; DatabaseUnusable when its database cannot
 */
export async function openEventStore(url: string, { databases, masterKey }: EventStorePlace, options: PostgresEventStoreOptions = {}): Promise<EventStore> {
  if (url === 'memory:') return new MemoryEventStore();
  if (url === 'postgres:' && databases) return PostgresEventStore.open(databases, options);
  if (/^postgres(ql)?:\/\//.test(url) && masterKey) return openElsewhere(url, masterKey, options);
  if (/^esdb(\+discover)?:\/\//.test(url)) return openEsdb(url, options);
  throw new EventStoreUnusable(`PARLEY_EVENT_STORE_URL: there is no event store for ${URL.parse(url)?.protocol ?? 'what is no URL'} here.`);
}

/** @throws EventStoreUnusable in one sentence, without what is secret in the URL */
async function openEsdb(url: string, { waitingMax }: PostgresEventStoreOptions): Promise<EventStore> {
  const hosts = url.replace(/^(esdb(?:\+discover)?:\/\/)(?:[^@]*@)?([^/?]*).*$/, '$1$2');
  try {
    return await EsdbEventStore.open(url, { ...(waitingMax !== undefined && { waitingMax }) });
  } catch (error) {
    if (error instanceof StoreUnavailable) throw new EventStoreUnusable(`PARLEY_EVENT_STORE_URL: nobody answers at ${hosts}. Is EventStoreDB running there, and is TLS as it says (tls=true or tls=false)?`, { cause: error });
    if (error instanceof AccessDeniedError) throw new EventStoreUnusable(`PARLEY_EVENT_STORE_URL: ${hosts} does not let us in. Parley reads $all, which only admins may by default.`, { cause: error });
    const why = url.includes('@') ? 'is it a connection string, and are its certificate files there?' : (error as Error).message; // which quotes the URL
    throw new EventStoreUnusable(`PARLEY_EVENT_STORE_URL: ${hosts} cannot be used: ${why}`, { cause: error });
  }
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
