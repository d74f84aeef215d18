import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { binaryEvent, EventStoreDBClient, NO_STREAM as NEVER_WRITTEN } from '@eventstore/db-client';
import { EsdbEventStore } from '@parley/platform/event-store/esdb.event-store.js';
import { type EventStore, NO_STREAM } from '@parley/platform/event-store/event-store.js';
import { type Contender, perSecond, rounds } from './measure.js';
import { compared, type Line } from './report.js';

const IN_FLIGHT = 32;
const ROUNDS = 5;
const ROUND_MS = 2_000;
const TEXT = JSON.stringify({ text: 'Could you tell me more about the third point of your answer, please? I did not quite follow how the two are related.', by: crypto.randomUUID() });
const META = JSON.stringify({ correlationId: crypto.randomUUID(), commandId: crypto.randomUUID(), actor: { kind: 'person', id: crypto.randomUUID(), role: 'member' } });

/** One fact, durable, in a stream whose revision is checked: by the adapter, and by the client that it stands on. The difference is the adapter's share. */
export async function esdbAppendBench(): Promise<Line[]> {
  // Not built with the rest: it is a tool for tests, and Node runs it as it is.
  const { startServerProcess } = (await import(pathToFileURL(join(process.cwd(), 'tests/conformance/eventstore/server-process.ts')).href)) as typeof import('../tests/conformance/eventstore/server-process.js');
  const [one, other] = [await startServerProcess(), await startServerProcess()]; // each its own log, so that both grow alike
  const store = await EsdbEventStore.open(one.url);
  const client = EventStoreDBClient.connectionString(other.url);
  const [adapter, plain] = [byAdapter(store), byClient(client)];
  const values = await rounds(ROUNDS, [adapter, plain]);
  await store.close();
  await client.dispose();
  await Promise.all([one, other].map((server) => server.end()));
  return [compared({ work: `append by esdb: on the conformance server, ${IN_FLIGHT} in flight`, unit: '/s', ours: values.get(adapter.name)!, than: '@eventstore/db-client alone', theirs: values.get(plain.name)! })];
}

function byAdapter(store: EventStore): Contender {
  const places = Array.from({ length: IN_FLIGHT }, () => ({ tenantId: crypto.randomUUID(), id: crypto.randomUUID(), revision: NO_STREAM }));
  const append = async (worker: number) => {
    const place = places[worker]!;
    const fact = { eventId: crypto.randomUUID(), tenantId: place.tenantId, type: 'MessageSent', data: TEXT, meta: META };
    place.revision = (await store.append(`chat.conversation-${place.tenantId}.${place.id}`, place.revision, [fact])).revision;
  };
  return { name: 'esdb:', run: () => perSecond(ROUND_MS, IN_FLIGHT, append) };
}

function byClient(client: EventStoreDBClient): Contender {
  const places = Array.from({ length: IN_FLIGHT }, () => ({ stream: `chat.conversation-${crypto.randomUUID()}`, revision: NO_STREAM }));
  const data = new TextEncoder().encode(TEXT);
  const append = async (worker: number) => {
    const place = places[worker]!;
    const metadata = { eventId: crypto.randomUUID(), tenantId: crypto.randomUUID(), meta: META };
    const event = binaryEvent({ id: crypto.randomUUID(), type: 'MessageSent', data, metadata });
    const expectedRevision = place.revision === NO_STREAM ? NEVER_WRITTEN : place.revision;
    place.revision = (await client.appendToStream(place.stream, event, { expectedRevision })).nextExpectedRevision;
  };
  return { name: 'client', run: () => perSecond(ROUND_MS, IN_FLIGHT, append) };
}
