import { jest } from '@jest/globals';
import { startCollector } from '../running/collector.js';
import { discardDataDirs, startParley, topology } from '../running/parley.js';
import { Person } from '../running/person.js';
import { CANARY, traceOfMessage } from '../running/whole-trace.js';

jest.setTimeout(240_000);

// Parley in parts: gateway, command, relay, two projectors, two runtimes; Kafka, Redis, Postgres.
topology.inParts = true;
afterAll(() => discardDataDirs());

it('is one trace through all processes', async () => {
  const collector = await startCollector();
  const parley = await startParley({ env: collector.env });
  try {
    const { spans, missing } = await traceOfMessage(await Person.register(parley.url), collector);
    expect(missing).toEqual([]);
    expect([...new Set(spans.map(({ service }) => service))].sort()).toEqual(['parley-command', 'parley-gateway', 'parley-projector', 'parley-relay', 'parley-runtime']);
    expect(spans.map(({ name }) => name)).toEqual(expect.arrayContaining(['dispatch SendMessage', 'relay', 'dispatch CompleteGeneration']));
    expect(collector.text()).not.toContain(CANARY);
  } finally {
    await parley.stop();
    await collector.close();
  }
});
