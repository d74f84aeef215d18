import {
  type AllStreamSubscription,
  type AppendResult,
  binaryEvent,
  BACKWARDS,
  END,
  EventStoreDBClient,
  eventTypeFilter,
  excludeSystemEvents,
  jsonEvent,
  MaxAppendSizeExceededError,
  NO_STREAM,
  type Position,
  START,
  STREAM_EXISTS,
  StreamDeletedError,
  streamNameFilter,
  StreamNotFoundError,
  WrongExpectedVersionError,
} from '@eventstore/db-client';
import { type ConformanceServer, startConformanceServer } from './start-server.ts';

/**
 * What Parley relies on of EventStoreDB. It runs against the conformance server, and against a real one by PARLEY_TEST_ESDB_URL:
 * what holds there and not here is a mistake of the conformance server.
 */
const realUrl = process.env['PARLEY_TEST_ESDB_URL'];

let server: ConformanceServer | undefined;
let client: EventStoreDBClient;
let stream: string;

beforeAll(async () => {
  if (!realUrl) server = await startConformanceServer();
  client = EventStoreDBClient.connectionString(realUrl ?? server!.url);
});
beforeEach(() => void (stream = newStream()));
afterAll(async () => {
  await client.dispose();
  await server?.close();
});

const newStream = () => `spec.semantics-${crypto.randomUUID()}`;
const event = (type = 'Said', fields: object = {}) => jsonEvent({ id: crypto.randomUUID(), type, data: { text: type }, ...fields });
const events = (count: number) => Array.from({ length: count }, (_, index) => event(`Said${index}`));

/** Credentials for one call make the client write without a batch. */
const oneCall = { credentials: { username: 'admin', password: 'changeit' } };
const WAYS = [['in a batch', {}], ['in a call of its own', oneCall]] as const;

async function read(name: string, options: Parameters<EventStoreDBClient['readStream']>[1] = {}) {
  const found = [];
  for await (const { event: each } of client.readStream(name, options)) if (each) found.push(each);
  return found;
}
const types = async (name: string, options: Parameters<EventStoreDBClient['readStream']>[1] = {}) => (await read(name, options)).map(({ type }) => type);
const revisions = async (name: string) => (await read(name)).map(({ revision }) => Number(revision));

async function readAll(options: Parameters<EventStoreDBClient['readAll']>[0]) {
  const found = [];
  for await (const { event: each } of client.readAll(options)) if (each) found.push(each);
  return found;
}
const ours = <Event extends { streamId: string }>(all: readonly Event[]) => all.filter(({ streamId }) => streamId === stream);
const positionOf = ({ position }: AppendResult): Position => position!;

describe.each(WAYS)('a write %s', (_, way) => {
  it('is kept as it was given, with its place and its time', async () => {
    const [json, binary] = [event('Json', { metadata: { by: 'me' } }), binaryEvent({ id: crypto.randomUUID(), type: 'Binary', data: new Uint8Array([0, 255, 7]), metadata: new Uint8Array([1, 2]) })];
    const { nextExpectedRevision, position } = await client.appendToStream(stream, [json, binary], { expectedRevision: NO_STREAM, ...way });
    expect(nextExpectedRevision).toBe(1n);
    const [first, second] = await read(stream);
    expect(first).toMatchObject({ id: json.id, type: 'Json', streamId: stream, revision: 0n, isJson: true, data: { text: 'Json' }, metadata: { by: 'me' } });
    expect(second).toMatchObject({ id: binary.id, type: 'Binary', revision: 1n, isJson: false });
    expect([...(second!.data as Uint8Array)]).toEqual([0, 255, 7]);
    expect([...(second!.metadata as Uint8Array)]).toEqual([1, 2]);
    expect(second!.position).toEqual(position);
    expect(Math.abs(first!.created.getTime() - Date.now())).toBeLessThan(60_000);
  });

  it('is refused on another revision', async () => {
    const to = (expectedRevision: bigint | 'no_stream' | 'stream_exists', name = stream) => client.appendToStream(name, event(), { expectedRevision, ...way });
    await to(NO_STREAM);
    await expect(to(NO_STREAM)).rejects.toThrow(WrongExpectedVersionError);
    await expect(to(5n)).rejects.toMatchObject({ type: 'wrong-expected-version', streamName: stream, expectedVersion: 5n, actualVersion: 0n });
    await expect(to(0n, newStream())).rejects.toMatchObject({ type: 'wrong-expected-version', actualVersion: 'no_stream' });
    await expect(to(STREAM_EXISTS, newStream())).rejects.toThrow(WrongExpectedVersionError);
    expect(await to(0n)).toMatchObject({ success: true, nextExpectedRevision: 1n });
    expect(await to(STREAM_EXISTS)).toMatchObject({ nextExpectedRevision: 2n });
    expect(await client.appendToStream(stream, event(), way)).toMatchObject({ nextExpectedRevision: 3n });
  });

  it('that is repeated on the same revision is answered as the first time, and written once', async () => {
    const batch = events(3);
    const first = await client.appendToStream(stream, batch, { expectedRevision: NO_STREAM, ...way });
    await client.appendToStream(stream, event(), { expectedRevision: 2n, ...way });
    expect(await client.appendToStream(stream, batch, { expectedRevision: NO_STREAM, ...way })).toEqual(first);
    expect(await client.appendToStream(stream, batch.slice(1), { expectedRevision: 0n, ...way })).toMatchObject({ nextExpectedRevision: 2n });
    expect(await read(stream)).toHaveLength(4);
  });

  it('that is repeated without a revision is known by its ids', async () => {
    const batch = events(2);
    await client.appendToStream(stream, batch, way);
    expect(await client.appendToStream(stream, batch, way)).toMatchObject({ nextExpectedRevision: 1n });
    await expect(client.appendToStream(stream, [...batch, event()], way)).rejects.toThrow(WrongExpectedVersionError);
    expect(await read(stream)).toHaveLength(2);
  });

  it('that is repeated in part, or elsewhere in the stream, is no repeat', async () => {
    const batch = events(2);
    await client.appendToStream(stream, batch, { expectedRevision: NO_STREAM, ...way });
    await expect(client.appendToStream(stream, [batch[0]!, event()], { expectedRevision: NO_STREAM, ...way })).rejects.toThrow(WrongExpectedVersionError);
    await expect(client.appendToStream(stream, batch, { expectedRevision: 0n, ...way })).rejects.toThrow(WrongExpectedVersionError);
    // On the last revision nothing is compared: the same ids are written twice.
    expect(await client.appendToStream(stream, batch, { expectedRevision: 1n, ...way })).toMatchObject({ nextExpectedRevision: 3n });
  });

  it('under ids that another stream holds is new', async () => {
    const batch = events(1);
    await client.appendToStream(newStream(), batch, { expectedRevision: NO_STREAM, ...way });
    expect(await client.appendToStream(stream, batch, { expectedRevision: NO_STREAM, ...way })).toMatchObject({ nextExpectedRevision: 0n });
  });

  it('of more than 1 MiB is refused, and of less than that taken', async () => {
    const sized = (bytes: number) => binaryEvent({ type: 'Large', data: new Uint8Array(bytes) });
    await expect(client.appendToStream(stream, sized(1_024 * 1_024 + 1), { expectedRevision: NO_STREAM, ...way })).rejects.toThrow(MaxAppendSizeExceededError);
    await client.appendToStream(stream, sized(1_000_000), { expectedRevision: NO_STREAM, ...way });
    expect((await read(stream))[0]!.data).toHaveLength(1_000_000);
  });
});

describe('many writes at once', () => {
  it('to one stream on one revision: one of them wins', async () => {
    const outcomes = await Promise.allSettled(events(10).map((each) => client.appendToStream(stream, each, { expectedRevision: NO_STREAM })));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await read(stream)).toHaveLength(1);
  });

  it('are in the log once and in one order, each stream in its own', async () => {
    const start = positionOf(await client.appendToStream(newStream(), event()));
    const streams = Array.from({ length: 20 }, newStream);
    await Promise.all(streams.map(async (name) => {
      for (let revision = -1n; revision < 4n; ) ({ nextExpectedRevision: revision } = await client.appendToStream(name, event(), { expectedRevision: revision === -1n ? NO_STREAM : revision }));
    }));
    const all = (await readAll({ fromPosition: start })).filter(({ streamId }) => streams.includes(streamId));
    expect(all).toHaveLength(100);
    const positions = all.map(({ position }) => position.commit);
    expect(positions).toEqual([...new Set(positions)].sort((a, b) => Number(a - b)));
    for (const name of streams) expect(all.filter(({ streamId }) => streamId === name).map(({ revision }) => Number(revision))).toEqual([0, 1, 2, 3, 4]);
  });
});

describe('a stream', () => {
  it('is read page by page, in order and latest first', async () => {
    await client.appendToStream(stream, events(5));
    expect(await types(stream, { maxCount: 2 })).toEqual(['Said0', 'Said1']);
    expect(await types(stream, { fromRevision: 3n })).toEqual(['Said3', 'Said4']);
    expect(await types(stream, { fromRevision: 5n })).toEqual([]);
    expect(await types(stream, { direction: BACKWARDS, fromRevision: END, maxCount: 2 })).toEqual(['Said4', 'Said3']);
    expect(await types(stream, { direction: BACKWARDS, fromRevision: 1n })).toEqual(['Said1', 'Said0']);
    expect(await types(stream, { direction: BACKWARDS, fromRevision: 99n, maxCount: 1 })).toEqual(['Said4']);
  });

  it('that nobody wrote is not found', () => expect(read(stream)).rejects.toThrow(StreamNotFoundError));
});

describe('the whole log', () => {
  it('is read from a position on, forwards with the event at it, backwards without', async () => {
    const first = positionOf(await client.appendToStream(stream, event('First')));
    const last = positionOf(await client.appendToStream(stream, event('Last')));
    expect(ours(await readAll({ fromPosition: first })).map(({ type }) => type)).toEqual(['First', 'Last']);
    expect(ours(await readAll({ fromPosition: last, direction: BACKWARDS, maxCount: 10 })).map(({ type }) => type)).toEqual(['First']);
    expect(ours(await readAll({ fromPosition: END, direction: BACKWARDS, maxCount: 10 })).map(({ type }) => type)).toEqual(['Last', 'First']);
    expect(await readAll({ fromPosition: END })).toEqual([]);
    expect((await readAll({ fromPosition: START, maxCount: 1 })).length).toBe(1);
  });

  it('gives each event the position that its append was answered with', async () => {
    const position = positionOf(await client.appendToStream(stream, events(3)));
    expect(ours(await readAll({ fromPosition: END, direction: BACKWARDS, maxCount: 10 }))[0]).toMatchObject({ type: 'Said2', position });
    expect(ours(await readAll({ fromPosition: position, maxCount: 1 }))[0]).toMatchObject({ type: 'Said2' });
  });
});

/** Takes from a subscription until there are so many. */
async function take(subscription: AsyncIterable<{ event?: { type: string; streamId: string; revision: bigint } }> & { unsubscribe(): Promise<void> }, count: number) {
  const taken: { type: string; streamId: string; revision: bigint }[] = [];
  for await (const { event: each } of subscription) {
    if (each) taken.push(each);
    if (taken.length >= count) break;
  }
  await subscription.unsubscribe();
  return taken;
}

describe('a subscription', () => {
  it('to a stream gives what is there, then what comes', async () => {
    await client.appendToStream(stream, events(2));
    const taking = take(client.subscribeToStream(stream), 3);
    await client.appendToStream(stream, event('Later'));
    expect((await taking).map(({ type }) => type)).toEqual(['Said0', 'Said1', 'Later']);
  });

  it('starts strictly after a revision, or at the end', async () => {
    await client.appendToStream(stream, events(3));
    expect((await take(client.subscribeToStream(stream, { fromRevision: 0n }), 2)).map(({ type }) => type)).toEqual(['Said1', 'Said2']);
    const atEnd = client.subscribeToStream(stream, { fromRevision: END });
    await new Promise((resolve) => atEnd.once('confirmation', resolve));
    const taking = take(atEnd, 1);
    await client.appendToStream(stream, event('Later'));
    expect((await taking).map(({ type }) => type)).toEqual(['Later']);
  });

  it('to a stream that is not there yet waits for it', async () => {
    const taking = take(client.subscribeToStream(stream), 1);
    await client.appendToStream(stream, event('First'));
    expect((await taking).map(({ type }) => type)).toEqual(['First']);
  });

  it('to all starts strictly after a position, and goes on with what comes', async () => {
    const fromPosition = positionOf(await client.appendToStream(stream, event('Before')));
    await client.appendToStream(stream, event('There'));
    const taking = take(client.subscribeToAll({ fromPosition, filter: streamNameFilter({ prefixes: [stream] }) }), 2);
    await client.appendToStream(stream, event('Later'));
    expect((await taking).map(({ type }) => type)).toEqual(['There', 'Later']);
  });

  it.each([
    ['streams by prefix', () => streamNameFilter({ prefixes: ['nothing', stream] })],
    ['streams by pattern', () => streamNameFilter({ regex: `^${stream}$` })],
    ['types by prefix', () => eventTypeFilter({ prefixes: [`Said-${stream}`] })],
    ['types by pattern', () => eventTypeFilter({ regex: `^Said-${stream}-[0-9]$` })],
  ])('filters %s', async (_, filter) => {
    const fromPosition = positionOf(await client.appendToStream(newStream(), event()));
    for (const index of [1, 2]) {
      await client.appendToStream(newStream(), event());
      await client.appendToStream(stream, event(`Said-${stream}-${index}`));
    }
    expect((await take(client.subscribeToAll({ fromPosition, filter: filter() }), 2)).map(({ type }) => type)).toEqual([`Said-${stream}-1`, `Said-${stream}-2`]);
  });

  it('leaves out what the server wrote for itself, where asked', async () => {
    const fromPosition = positionOf(await client.appendToStream(newStream(), event()));
    await client.setStreamMetadata(stream, { maxCount: 5 });
    await client.appendToStream(stream, event('Ours'));
    const [first] = await take(client.subscribeToAll({ fromPosition, filter: excludeSystemEvents() }), 1);
    expect(first).toMatchObject({ type: 'Ours', streamId: stream });
  });

  it('says how far it is while nothing matches, at positions that it can be resumed from', async () => {
    const fromPosition = positionOf(await client.appendToStream(newStream(), event()));
    for (let batch = 0; batch < 10; batch++) await client.appendToStream(newStream(), events(10));
    const end = positionOf(await client.appendToStream(newStream(), event()));
    const reached: Position[] = [];
    const far = Promise.withResolvers<void>();
    const checkpointReached = async (_: AllStreamSubscription, position: Position) => {
      reached.push(position);
      if (reached.length >= 4) far.resolve();
    };
    const subscription = client.subscribeToAll({ fromPosition, filter: streamNameFilter({ prefixes: [stream], maxSearchWindow: 10, checkpointInterval: 2, checkpointReached }) });
    subscription.on('data', () => undefined).on('error', () => undefined);
    await far.promise;
    await subscription.unsubscribe();
    expect(reached.every(({ commit }, index) => commit >= (reached[index - 1]?.commit ?? fromPosition.commit))).toBe(true);
    expect(reached[0]!.commit).toBeLessThan(end.commit);
    await client.appendToStream(stream, event('Later'));
    expect((await take(client.subscribeToAll({ fromPosition: reached[0]!, filter: streamNameFilter({ prefixes: [stream] }) }), 1))[0]).toMatchObject({ type: 'Later' });
  });

  it('says once that it has caught up', async () => {
    await client.appendToStream(stream, events(3));
    const subscription = client.subscribeToStream(stream);
    let caughtUp = 0;
    subscription.on('caughtUp', () => (caughtUp += 1));
    const once = new Promise((resolve) => subscription.once('caughtUp', resolve));
    const taking = take(subscription, 5);
    await once;
    await client.appendToStream(stream, events(2));
    await taking;
    expect(caughtUp).toBe(1);
  });
});

describe('metadata of a stream', () => {
  it('is kept, and is none before', async () => {
    expect((await client.getStreamMetadata(stream)).metadata).toBeUndefined();
    await client.setStreamMetadata(stream, { maxCount: 3, maxAge: 60, truncateBefore: 1, ours: 'yes' });
    expect((await client.getStreamMetadata(stream)).metadata).toEqual({ maxCount: 3, maxAge: 60, truncateBefore: 1, ours: 'yes' });
  });

  it('$maxCount lets the last ones be seen', async () => {
    await client.appendToStream(stream, events(5));
    await client.setStreamMetadata(stream, { maxCount: 2 });
    expect(await revisions(stream)).toEqual([3, 4]);
    await client.appendToStream(stream, event());
    expect(await revisions(stream)).toEqual([4, 5]);
    expect((await read(stream, { direction: BACKWARDS, fromRevision: END })).map(({ revision }) => Number(revision))).toEqual([5, 4]);
  });

  it('$tb hides what came before', async () => {
    await client.appendToStream(stream, events(5));
    await client.setStreamMetadata(stream, { truncateBefore: 3 });
    expect(await revisions(stream)).toEqual([3, 4]);
    await expect(client.appendToStream(stream, event(), { expectedRevision: 1n })).rejects.toThrow(WrongExpectedVersionError);
    expect(await client.appendToStream(stream, event(), { expectedRevision: 4n })).toMatchObject({ nextExpectedRevision: 5n });
  });

  it('$maxAge hides what is older', async () => {
    await client.appendToStream(stream, event('Old'));
    await new Promise((resolve) => setTimeout(resolve, 2_200));
    await client.appendToStream(stream, event('Young'));
    await client.setStreamMetadata(stream, { maxAge: 2 });
    expect(await types(stream)).toEqual(['Young']);
  });

  it('hides nothing of the whole log', async () => {
    const fromPosition = positionOf(await client.appendToStream(stream, event('Hidden')));
    await client.setStreamMetadata(stream, { truncateBefore: 1 });
    expect(ours(await readAll({ fromPosition })).map(({ type }) => type)).toEqual(['Hidden']);
  });
});

describe('a deleted stream', () => {
  it('is not found, and goes on counting when it comes back', async () => {
    await client.appendToStream(stream, events(3));
    await client.deleteStream(stream, { expectedRevision: 2n });
    await expect(read(stream)).rejects.toThrow(StreamNotFoundError);
    expect(await client.appendToStream(stream, event('Back'), { expectedRevision: NO_STREAM })).toMatchObject({ nextExpectedRevision: 3n });
    expect(await types(stream)).toEqual(['Back']);
    expect(await revisions(stream)).toEqual([3]);
  });

  it('comes back on its last revision too', async () => {
    await client.appendToStream(stream, events(2));
    await client.deleteStream(stream);
    expect(await client.appendToStream(stream, event('Back'), { expectedRevision: 1n })).toMatchObject({ nextExpectedRevision: 2n });
  });

  it('does not exist for who expects it to', async () => {
    await client.appendToStream(stream, event());
    await client.deleteStream(stream);
    await expect(client.appendToStream(stream, event(), { expectedRevision: STREAM_EXISTS })).rejects.toThrow(StreamDeletedError);
  });

  it('is not deleted on another revision', async () => {
    await client.appendToStream(stream, events(2));
    for (const expectedRevision of [0n, 7n, NO_STREAM] as const) await expect(client.deleteStream(stream, { expectedRevision })).rejects.toThrow(WrongExpectedVersionError);
    expect(await read(stream)).toHaveLength(2);
  });
});

describe('a tombstone', () => {
  it.each(WAYS)('ends a stream for good, for who writes %s too', async (_, way) => {
    await client.appendToStream(stream, event());
    await client.tombstoneStream(stream);
    await expect(read(stream)).rejects.toThrow(StreamDeletedError);
    for (const expectedRevision of [NO_STREAM, 0n] as const) await expect(client.appendToStream(stream, event(), { expectedRevision, ...way })).rejects.toThrow(StreamDeletedError);
    await expect(client.deleteStream(stream)).rejects.toThrow(StreamDeletedError);
  });

  it('is not set on another revision', async () => {
    await client.appendToStream(stream, event());
    await expect(client.tombstoneStream(stream, { expectedRevision: 4n })).rejects.toThrow(WrongExpectedVersionError);
    expect(await read(stream)).toHaveLength(1);
  });

  it('ends a subscription to the stream', async () => {
    await client.appendToStream(stream, event());
    const subscription = client.subscribeToStream(stream);
    const ended = new Promise((resolve) => subscription.once('error', resolve));
    subscription.on('data', () => undefined);
    await new Promise((resolve) => subscription.once('confirmation', resolve));
    await client.tombstoneStream(stream);
    expect(await ended).toBeInstanceOf(StreamDeletedError);
  });
});
