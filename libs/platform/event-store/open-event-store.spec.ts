import { masterKey, newDatabase, specDatabases } from '../testing/database.js';
import { newStream, proposed } from './event-store.contract.js';
import { NO_STREAM } from './event-store.js';
import { MemoryEventStore } from './memory.event-store.js';
import { eventStoreConfig, openEventStore } from './open-event-store.js';

describe('the event store is chosen by the URL', () => {
  it('in memory', async () => expect(await openEventStore('memory:', {})).toBeInstanceOf(MemoryEventStore));

  it('in the database of the read models, where no host is named', async () => {
    const databases = await specDatabases();
    const store = await openEventStore(eventStoreConfig.read({}).PARLEY_EVENT_STORE_URL, { databases });
    await store.append(newStream(), NO_STREAM, [proposed()]);
    expect((await databases.writer.query('select from parley.events')).rowCount).toBe(1);
    await store.close();
    await databases.close();
  });

  it('in a database of its own, whose connections it closes', async () => {
    const store = await openEventStore(await newDatabase(), { masterKey });
    expect(await store.append(newStream(), NO_STREAM, [proposed()])).toMatchObject({ position: 1n });
    await store.close();
  });

  it.each(['esdb://host:2113', 'nonsense', 'postgres:'])('and %s is refused in one sentence', async (url) => {
    await expect(openEventStore(url, {})).rejects.toThrow(/^PARLEY_EVENT_STORE_URL: there is no event store for .+ here\.$/);
  });
});
