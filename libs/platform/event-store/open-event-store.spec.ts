import { masterKey, newDatabase, specDatabases } from '../testing/database.js';
import { startConformanceServer } from '../../../tests/conformance/eventstore/start-server.js';
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

  it.each(['redis://host:6379', 'nonsense', 'postgres:'])('and %s is refused in one sentence', async (url) => {
    await expect(openEventStore(url, {})).rejects.toThrow(/^PARLEY_EVENT_STORE_URL: there is no event store for .+ here\.$/);
  });

  it('in EventStoreDB', async () => {
    const server = await startConformanceServer();
    const store = await openEventStore(server.url, {});
    expect(await store.append(newStream(), NO_STREAM, [proposed()])).toMatchObject({ revision: 0n });
    await store.close();
    await server.close();
  });

  it('in EventStoreDB where nobody answers: says so in a sentence, without the password', async () => {
    const opened = openEventStore('esdb://admin:changeit@127.0.0.1:1?tls=false', {});
    await expect(opened).rejects.toThrow(/^PARLEY_EVENT_STORE_URL: nobody answers at esdb:\/\/127\.0\.0\.1:1\. Is EventStoreDB running there/);
  });

  it.each(['esdb://', 'esdb://host:port', 'esdb://host?tls=maybe'])('in EventStoreDB by %s, which is no connection string: says so', async (url) => {
    await expect(openEventStore(url, {})).rejects.toThrow(/^PARLEY_EVENT_STORE_URL: .+ cannot be used: Unexpected/);
  });

  it('in EventStoreDB by what is no connection string: never says the password', async () => {
    const error = await openEventStore('esdb://admin:changeit@host:port', {}).catch((reason: unknown) => reason);
    expect((error as Error).message).toBe('PARLEY_EVENT_STORE_URL: esdb://host:port cannot be used: is it a connection string, and are its certificate files there?');
  });
});
