import { type ConformanceServer, startConformanceServer } from '../../../tests/conformance/eventstore/start-server.js';
import { EsdbEventStore } from './esdb.event-store.js';
import { eventStoreContract, newStream, proposed } from './event-store.contract.js';
import { NO_STREAM } from './event-store.js';

let server: ConformanceServer | undefined;
afterAll(() => server?.close());

/** A server of one's own, or the real one where PARLEY_TEST_ESDB_URL says. */
async function open(): Promise<EsdbEventStore> {
  const url = process.env['PARLEY_TEST_ESDB_URL'];
  if (!url) server = await startConformanceServer();
  return EsdbEventStore.open(url ?? server!.url);
}

eventStoreContract('esdb', open, { gapless: false, knowsIdsOfAllStreams: false });

describe('a server that gives each event an instant of its own', () => {
  it('shows all facts of an append at one, whatever part of it is read', async () => {
    let clock = Date.now();
    const ticking = await startConformanceServer({ now: () => (clock += 1) });
    const [store, reader] = [await EsdbEventStore.open(ticking.url), await EsdbEventStore.open(ticking.url)];
    const stream = newStream();
    await store.append(stream, NO_STREAM, [proposed(), proposed()]);
    await store.append(stream, 1n, Array.from({ length: 5 }, () => proposed()));
    const [, , first, second] = await reader.read(stream, { limit: 10 });
    const rest = [
      await reader.read(stream, { from: 4n, limit: 2 }),
      await reader.readBackwards(stream, { limit: 4 }),
      await reader.readBackwards(stream, { before: 4n, limit: 1 }),
      await reader.readAll(second!.position, 10),
      await store.readAll(second!.position, 10),
      await reader.readTenant(first!.tenantId, { after: second!.position, limit: 10 }),
      await reader.readTenant(first!.tenantId, { isBackwards: true, limit: 3 }),
    ];
    expect(rest.map((facts) => facts.length)).toEqual([2, 4, 1, 3, 3, 3, 3]);
    expect(new Set(rest.flat().map(({ recordedAt }) => recordedAt.getTime()))).toEqual(new Set([first!.recordedAt.getTime()]));
    expect(await reader.positionAt(first!.recordedAt)).toBe(await reader.head());
    await Promise.all([store.close(), reader.close()]);
    await ticking.close();
  });
});
