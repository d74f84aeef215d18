import { jest } from '@jest/globals';
import { type Collector, startCollector } from '../running/collector.js';
import { discardDataDirs, startParley } from '../running/parley.js';
import { Person } from '../running/person.js';
import { CANARY, traceOfMessage } from '../running/whole-trace.js';

jest.setTimeout(120_000);

let collector: Collector;
beforeAll(async () => (collector = await startCollector()));
afterAll(async () => {
  await collector.close();
  discardDataDirs();
});

it('is one trace from the request to the reply, and nothing in it is what a person wrote', async () => {
  const parley = await startParley({ env: collector.env });
  try {
    const ada = await Person.register(parley.url);
    const { spans, missing } = await traceOfMessage(ada, collector);
    expect(missing).toEqual([]);
    expect(new Set(spans.map(({ service }) => service))).toEqual(new Set(['parley-standalone']));
    for (const secret of [CANARY, ada.email, ada.password, ada.accessToken]) expect(collector.text()).not.toContain(secret);
  } finally {
    await parley.stop();
  }
});

it('is not traced where no collector is named, and goes its way where the collector is away', async () => {
  const before = collector.spans.length;
  for (const env of [{}, { ...collector.env, OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' }]) {
    const parley = await startParley({ env });
    const ada = await Person.register(parley.url);
    const { replyId } = await ada.send(await ada.startConversation(await ada.createAgent()), 'Hello?');
    expect((await ada.watch(replyId)).at(-1)).toMatchObject({ __typename: 'ReplyCompleted' });
    expect(await parley.stop()).toBe(0);
  }
  expect(collector.spans).toHaveLength(before);
});
