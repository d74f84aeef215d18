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
