import { startConformanceServer } from '../../../tests/conformance/eventstore/start-server.js';
import { specDatabases } from '../testing/database.js';
import { EsdbEventStore } from './esdb.event-store.js';
import { newStream, proposed } from './event-store.contract.js';
import { type EventStore, NO_STREAM, type StoredFact } from './event-store.js';
import { copyLog, LogsDiffer, type Progress, verifyLog } from './log-copy.js';
import { MemoryEventStore } from './memory.event-store.js';
import { PostgresEventStore } from './postgres.event-store.js';

const cleanUp: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const each of cleanUp.splice(0).reverse()) await each();
});

async function postgres(): Promise<EventStore> {
  const databases = await specDatabases();
  const store = await PostgresEventStore.open(databases);
  cleanUp.push(() => databases.close(), () => store.close());
  return store;
}

async function esdb(): Promise<EventStore> {
  const server = await startConformanceServer();
  const store = await EsdbEventStore.open(server.url);
  cleanUp.push(() => server.close(), () => store.close());
  return store;
}

const memory = async (): Promise<EventStore> => new MemoryEventStore();
const { signal } = new AbortController();

/** Two tenants, streams that take turns, appends of several facts. */
async function fill(store: EventStore, streams = 12): Promise<void> {
  const names = Array.from({ length: streams }, newStream);
  for (let round = 0; round < 4; round++) {
    for (const [index, stream] of names.entries()) {
      const expected = round === 0 ? NO_STREAM : BigInt(round * 2 - 1);
      await store.append(stream, expected, [proposed(`${index} ${round}`), proposed('"\\ ü 🦜 {}')]);
    }
  }
}

const logOf = async (store: EventStore): Promise<readonly StoredFact[]> => (await store.readAll(0n, 10_000)).map((fact) => ({ ...fact, position: 0n }));

describe.each([
  ['Postgres', postgres, 'EventStoreDB', esdb],
  ['EventStoreDB', esdb, 'Postgres', postgres],
  ['memory', memory, 'EventStoreDB', esdb],
] as const)('a log copied from %s', (_, source, target, destination) => {
  it(`to ${target} is the same, fact by fact, and verified by reading it again`, async () => {
    const [from, to] = [await source(), await destination()];
    await fill(from);
    expect(await copyLog({ from, to, signal })).toEqual({ before: 0, copied: 96 });
    expect(await logOf(to)).toEqual(await logOf(from));
    const pairs: bigint[][] = [];
    expect(await verifyLog({ from, to, signal }, (original, copy) => pairs.push([original.position, copy.position]))).toBe(96);
    expect(pairs.map(([, copy]) => copy)).toEqual((await to.readAll(0n, 1_000)).map(({ position }) => position));
  });

  it(`to ${target} goes on where it was stopped, and takes what came meanwhile`, async () => {
    const [from, to] = [await source(), await destination()];
    await fill(from);
    await to.copyIn((await from.readAll(0n, 41))); // as far as a copy got that was killed
    await fill(from, 2);
    expect(await copyLog({ from, to, signal })).toEqual({ before: 41, copied: 71 });
    expect(await copyLog({ from, to, signal })).toEqual({ before: 112, copied: 0 });
    expect(await verifyLog({ from, to, signal })).toBe(112);
  });
});

describe('a copy', () => {
  let [from, to]: [EventStore, EventStore] = [new MemoryEventStore(), new MemoryEventStore()];
  beforeEach(async () => {
    [from, to] = [new MemoryEventStore(), new MemoryEventStore()];
    await fill(from);
  });

  it('is not made into a store that holds anything else', async () => {
    await to.append(newStream(), NO_STREAM, [proposed()]);
    await expect(copyLog({ from, to, signal })).rejects.toThrow(/^Fact 1 is another one in the other store: .+ differs\. Copy into an empty store\.$/);
    expect(await to.head()).toBe(1n);
  });

  it('that holds more than the log is found', async () => {
    await copyLog({ from, to, signal });
    await to.append(newStream(), NO_STREAM, [proposed()]);
    await expect(verifyLog({ from, to, signal })).rejects.toThrow(/^The other store holds more than this log: its fact 97 \(Said /);
  });

  it('that holds less is found', async () => {
    await to.copyIn(await from.readAll(0n, 90));
    await expect(verifyLog({ from, to, signal })).rejects.toThrow('The copy ends after 90 facts');
  });

  it.each(['data', 'meta', 'type', 'eventId', 'tenantId', 'recordedAt'] as const)('in which %s of one fact is another is found', async (part) => {
    const facts = (await from.readAll(0n, 1_000)).map((fact, index) => (index !== 50 ? fact : { ...fact, [part]: part === 'recordedAt' ? new Date(0) : `${fact[part]} ` }));
    await to.copyIn(facts);
    await expect(verifyLog({ from, to, signal })).rejects.toThrow(LogsDiffer);
  });

  it('says how far it is, and stops when asked', async () => {
    await fill(from, 500);
    const stop = new AbortController();
    const told: Progress[] = [];
    const progress = (done: Progress) => {
      told.push(done);
      if (done.facts >= 1_000) stop.abort();
    };
    expect(await copyLog({ from, to, signal: stop.signal, progress })).toEqual({ before: 0, copied: 1_000 });
    expect(told).toEqual([500, 1_000].map((facts) => ({ doing: 'copying', facts, position: BigInt(facts), end: 4_096n })));
  });
});
