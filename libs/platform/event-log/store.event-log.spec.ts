import { startConformanceServer } from '../../../tests/conformance/eventstore/start-server.js';
import { EsdbEventStore } from '../event-store/esdb.event-store.js';
import { MemoryEventStore } from '../event-store/memory.event-store.js';
import { PostgresEventStore } from '../event-store/postgres.event-store.js';
import { specDatabases } from '../testing/database.js';
import { eventLogContract } from './event-log.contract.js';
import { StoreEventLog } from './store.event-log.js';

eventLogContract('store (memory)', async () => {
  const store = new MemoryEventStore();
  return { store, log: new StoreEventLog(store), close: () => store.close() };
});

eventLogContract('store (postgres)', async () => {
  const databases = await specDatabases();
  const store = await PostgresEventStore.open(databases);
  const close = async () => {
    await store.close();
    await databases.close();
  };
  return { store, log: new StoreEventLog(store), close };
});

eventLogContract('store (esdb)', async () => {
  const server = await startConformanceServer();
  const store = await EsdbEventStore.open(server.url);
  const close = async () => {
    await store.close();
    await server.close();
  };
  return { store, log: new StoreEventLog(store), close };
});
