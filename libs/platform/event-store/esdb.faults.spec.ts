import { setTimeout as delay } from 'node:timers/promises';
import { EventStoreDBClient, jsonEvent } from '@eventstore/db-client';
import { type Network, networkTo } from '../../../tests/conformance/eventstore/network.js';
import { type ServerProcess, startServerProcess } from '../../../tests/conformance/eventstore/server-process.js';
import { EsdbEventStore } from './esdb.event-store.js';
import { newStream, proposed } from './event-store.contract.js';
import { type EventStore, FactTooLarge, NO_STREAM, type StoredFact, StoreBusy, StoreReplaced, StoreUnavailable } from './event-store.js';
import { subscribe } from './subscription.js';

const cleanUp: (() => Promise<unknown>)[] = [];
let server: ServerProcess;
let store: EsdbEventStore;
let stream: string;

beforeEach(async () => {
  server = await startServerProcess();
  cleanUp.push(() => server.end());
  store = await open();
  stream = newStream();
});
afterEach(async () => {
  server.goOn();
  for (const each of cleanUp.splice(0).reverse()) await each();
});

async function open(url = server.url, options = {}): Promise<EsdbEventStore> {
  const opened = await EsdbEventStore.open(url, options);
  cleanUp.push(() => opened.close());
  return opened;
}

/** Appends one fact after another; `between` is called before each. */
async function appendMany(count: number, between: (index: number) => unknown = () => undefined): Promise<string[]> {
  const ids: string[] = [];
  for (let revision = NO_STREAM; revision < BigInt(count - 1); ) {
    const fact = proposed(`${revision + 1n}`);
    await between(ids.length);
    ({ revision } = await store.append(stream, revision, [fact]));
    ids.push(fact.eventId);
  }
  return ids;
}
const idsIn = async (name: string, of: EventStore = store) => (await of.read(name, { limit: 1_000 })).map(({ eventId }) => eventId);

describe('a server that is killed', () => {
  it('and comes back: every append is answered, and is in the log once', async () => {
    const restarts: Promise<void>[] = [];
    const ids = await appendMany(60, (index) => {
      if (index % 20 === 10) restarts.push(server.kill().then(() => server.restart()));
    });
    await Promise.all(restarts);
    expect(await idsIn(stream)).toEqual(ids);
  });

  it('in the middle of many appends loses none that was answered, and writes none twice', async () => {
    await store.append(newStream(), NO_STREAM, [proposed()]);
    const appends = Array.from({ length: 200 }, () => ({ name: newStream(), fact: proposed() }));
    const answers = Promise.all(appends.map(({ name, fact }) => store.append(name, NO_STREAM, [fact])));
    await server.kill();
    await server.restart();
    await answers;
    const log = (await store.readAll(0n, 1_000)).map(({ eventId }) => eventId);
    expect(log).toHaveLength(201);
    expect(new Set(log)).toEqual(new Set([log[0], ...appends.map(({ fact }) => fact.eventId)]));
  });

  it('is followed again: every fact is seen once and in order', async () => {
    const seen: StoredFact[] = [];
    const stop = new AbortController();
    const following = (async () => {
      for await (const facts of retried(() => subscribe(store, { after: seen.at(-1)?.position ?? 0n, signal: stop.signal }), stop.signal)) {
        seen.push(...facts);
        if (seen.length >= 40) stop.abort();
      }
    })();
    const ids = await appendMany(40, async (index) => {
      if (index !== 20) return;
      await server.kill();
      await server.restart();
    });
    await following;
    expect(seen.map(({ eventId }) => eventId)).toEqual(ids);
  });

  it('and stays away is unavailable in the end; when it is back, the same append is written once', async () => {
    const [first, second] = [proposed(), proposed()];
    await store.append(stream, NO_STREAM, [first]);
    await server.kill();
    const refused = await store.append(stream, 0n, [second]).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(StoreUnavailable);
    expect(refused).toMatchObject({ kind: 'unavailable', details: { retryAfterMs: 1_000 } });
    await expect(store.head()).rejects.toThrow(StoreUnavailable);
    await server.restart();
    expect(await store.append(stream, 0n, [second])).toMatchObject({ revision: 1n, repeated: false });
    expect(await idsIn(stream)).toEqual([first.eventId, second.eventId]);
  });

  it('cannot be opened', async () => {
    await server.kill();
    await expect(EsdbEventStore.open(server.url)).rejects.toThrow(StoreUnavailable);
  });
});

/** Follows again when the store was away, as those who follow do. */
async function* retried(follow: () => AsyncGenerator<readonly StoredFact[]>, signal: AbortSignal): AsyncGenerator<readonly StoredFact[]> {
  while (!signal.aborted) {
    try {
      yield* follow();
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
    }
  }
}

describe('a server that hangs', () => {
  it('for a moment: the append is answered late', async () => {
    await store.append(stream, NO_STREAM, [proposed()]);
    server.hang();
    const appended = store.append(stream, 0n, [proposed()]);
    await delay(1_000);
    server.goOn();
    expect(await appended).toMatchObject({ revision: 1n });
    expect(await idsIn(stream)).toHaveLength(2);
  });

  it('for long is unavailable, not waited for; what it had taken in is answered as written, once', async () => {
    const fact = proposed();
    await store.append(stream, NO_STREAM, [proposed()]);
    server.hang();
    const asked = performance.now();
    await expect(store.append(stream, 0n, [fact])).rejects.toThrow(StoreUnavailable);
    expect(performance.now() - asked).toBeLessThan(12_000);
    server.goOn();
    expect(await store.append(stream, 0n, [fact])).toMatchObject({ revision: 1n });
    expect(await idsIn(stream)).toHaveLength(2);
  });
});

describe('a way to the server', () => {
  let network: Network;
  beforeEach(async () => {
    network = await networkTo(server.port);
    store = await open(`esdb://127.0.0.1:${network.port}?tls=false`);
    cleanUp.splice(-1, 0, () => network.end());
    await store.append(stream, NO_STREAM, [proposed()]);
  });

  it('that loses an answer: asked again with the same ids, written once', async () => {
    const facts = [proposed(), proposed()];
    network.weather = 'loses the answer';
    expect(await store.append(stream, 0n, facts)).toMatchObject({ revision: 2n });
    expect(network.lost).toBe(1);
    expect((await idsIn(stream)).slice(1)).toEqual(facts.map(({ eventId }) => eventId));
  });

  it('that is slow: answered late, as long as we are patient; after that, the same append again is written once', async () => {
    network.weather = { delayMs: 500 };
    expect(await store.append(stream, 0n, [proposed()])).toMatchObject({ revision: 1n });
    const fact = proposed();
    network.weather = { delayMs: 3_500 };
    await expect(store.append(stream, 1n, [fact])).rejects.toThrow(StoreUnavailable);
    network.weather = 'well';
    expect(await store.append(stream, 1n, [fact])).toMatchObject({ revision: 2n });
    expect(await idsIn(stream)).toHaveLength(3);
  });
});

describe('a server that comes back as another', () => {
  it('empty: refused, whatever is asked, with a sentence that says what to do', async () => {
    await appendMany(5);
    await server.kill();
    server.setBack('empty');
    await server.restart();
    await expect(store.append(stream, 4n, [proposed()])).rejects.toThrow(/^The event store is not the one that was followed so far: .+\. Rebuild from this store, or bring the former one back\.$/);
    await expect(store.read(stream, { limit: 1 })).rejects.toThrow(StoreReplaced);
    await expect(store.head()).rejects.toThrow(StoreReplaced);
    await expect(subscribe(store, { after: 0n, signal: new AbortController().signal }).next()).rejects.toThrow(StoreReplaced);
    expect((await open()).identity).not.toEqual(store.identity);
  });

  it('from an older copy: refused', async () => {
    await appendMany(3);
    server.backUp();
    await store.append(newStream(), NO_STREAM, [proposed()]);
    await server.kill();
    server.setBack('the copy');
    await server.restart();
    await expect(store.append(newStream(), NO_STREAM, [proposed()])).rejects.toThrow(StoreReplaced);
    await expect(store.head()).rejects.toThrow(StoreReplaced);
  });

  it('from an older copy that others went on from: refused, however far it reaches now', async () => {
    await appendMany(3);
    server.backUp();
    await store.append(newStream(), NO_STREAM, [proposed('only before')]);
    const before = await store.head();
    await server.kill();
    server.setBack('the copy');
    await server.restart();
    const other = await open();
    for (let count = 0; count < 10; count++) await other.append(newStream(), NO_STREAM, [proposed()]);
    expect(await other.head()).toBeGreaterThan(before);
    await expect(store.readAll(before, 10)).rejects.toThrow(StoreReplaced);
    await expect(store.append(newStream(), NO_STREAM, [proposed()])).rejects.toThrow(StoreReplaced);
  });
});

describe('a server that was set back, and of which an operator said so', () => {
  it('is the same store of a higher epoch: who followed it before is refused, who opens it now is not', async () => {
    await appendMany(3);
    const operator = await open();
    const epoch = await operator.markSetBack(new Date());
    expect(epoch).toBeGreaterThan(store.identity.epoch);
    await expect(store.head()).rejects.toThrow(`it was ${store.identity.storeId} (epoch ${store.identity.epoch}), it is ${store.identity.storeId} (epoch ${epoch})`);
    const after = await open();
    expect(after.identity).toEqual({ storeId: store.identity.storeId, epoch });
    expect(await after.readAll(0n, 10)).toHaveLength(3);
    await after.append(stream, 2n, [proposed()]);
  });
});

describe('a server that others use too', () => {
  it('shows facts alone: no events of the server, none of others', async () => {
    const others = EventStoreDBClient.connectionString(server.url);
    const noise = () => others.appendToStream('theirs-1', Array.from({ length: 40 }, () => jsonEvent({ type: 'Theirs', data: {}, metadata: { by: 'them' } })));
    await noise();
    const first = proposed();
    await store.append(stream, NO_STREAM, [first]);
    await others.setStreamMetadata('theirs-1', { maxCount: 10 });
    await noise();
    const second = proposed();
    const { position } = await store.append(stream, 0n, [second]);
    await noise();
    expect(await store.head()).toBe(position);
    const fresh = await open();
    expect(await fresh.head()).toBe(position);
    expect((await fresh.readAll(0n, 10)).map(({ eventId }) => eventId)).toEqual([first.eventId, second.eventId]);
    expect((await fresh.readAll(0n, 1)).map(({ eventId }) => eventId)).toEqual([first.eventId]);
    expect(await fresh.readAll(position, 10)).toEqual([]);
    await others.dispose();
  });

  it('has one name for all who open it at once', async () => {
    const fresh = await startServerProcess();
    cleanUp.unshift(() => fresh.end());
    const stores = await Promise.all([1, 2, 3, 4].map(() => open(fresh.url)));
    expect(new Set(stores.map(({ identity }) => identity.storeId)).size).toBe(1);
  });

  it('shows each what the other wrote, and tells a repeat of the other’s from what is new', async () => {
    const other = await open();
    const [one, two] = [proposed(), proposed()];
    const heard = store.news();
    const written = await other.append(stream, NO_STREAM, [one]);
    await heard;
    expect(await store.append(stream, NO_STREAM, [one])).toEqual({ ...written, repeated: true });
    expect(await store.append(stream, 0n, [two])).toMatchObject({ repeated: false });
    expect(await other.append(stream, 1n, [two])).toMatchObject({ revision: 1n, repeated: true });
    expect(await other.find(stream, two.eventId)).toMatchObject({ revision: 1n });
  });
});

describe('an append', () => {
  it('of more than EventStoreDB takes is refused', async () => {
    await expect(store.append(stream, NO_STREAM, [proposed('x'.repeat(1_100_000))])).rejects.toThrow(FactTooLarge);
    expect(await store.append(stream, NO_STREAM, [proposed()])).toMatchObject({ revision: 0n });
  });

  it('is turned away when too many wait', async () => {
    const small = await open(server.url, { waitingMax: 3 });
    const appends = await Promise.allSettled([1, 2, 3, 4].map(() => small.append(newStream(), NO_STREAM, [proposed()])));
    expect(appends.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'fulfilled', 'rejected']);
    expect(appends[3]).toMatchObject({ reason: new StoreBusy() });
    expect(await small.append(newStream(), NO_STREAM, [proposed()])).toMatchObject({ revision: 0n });
  });

  it('that waits is written before the store is closed; later ones are not taken', async () => {
    const closing = await EsdbEventStore.open(server.url);
    const appends = Array.from({ length: 20 }, () => closing.append(newStream(), NO_STREAM, [proposed()]));
    await closing.close();
    expect(await Promise.all(appends)).toHaveLength(20);
    await expect(closing.append(newStream(), NO_STREAM, [proposed()])).rejects.toThrow(StoreUnavailable);
  });
});
