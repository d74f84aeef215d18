import { type ConformanceServer, startConformanceServer } from '../../../tests/conformance/eventstore/start-server.js';
import { EsdbEventStore } from './esdb.event-store.js';
import { eventStoreContract } from './event-store.contract.js';

let server: ConformanceServer | undefined;
afterAll(() => server?.close());

/** A server of one's own, or the real one where PARLEY_TEST_ESDB_URL says. */
async function open(): Promise<EsdbEventStore> {
  const url = process.env['PARLEY_TEST_ESDB_URL'];
  if (!url) server = await startConformanceServer();
  return EsdbEventStore.open(url ?? server!.url);
}

eventStoreContract('esdb', open, { gapless: false, knowsIdsOfAllStreams: false });
