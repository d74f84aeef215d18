import { NodeSDK } from '@opentelemetry/sdk-node';
import { startTracing } from './start-tracing.js';
import { fromHere, openSpan, traced, tracedSince, turnTracingOn } from './tracing.js';

const cause = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
const other = '00-5bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
const traceOf = (traceparent: string | undefined) => traceparent?.split('-')[1];

it('changes nothing while it is off', async () => {
  await (await startTracing('spec'))();
  const meta = { traceparent: cause };
  expect(await traced('a', { traceparent: cause }, async (span) => [span, fromHere(meta)])).toEqual([undefined, meta]);
  expect(openSpan('a', { traceparent: cause }).traceparent).toBe(cause);
  tracedSince(Date.now(), 'a', { traceparent: cause });
});

describe('on', () => {
  const ended: { name: string; failure: string | undefined; parent: string | undefined }[] = [];
  const sdk = new NodeSDK({
    metricReaders: [],
    logRecordProcessors: [],
    spanProcessors: [{ onStart: () => undefined, onEnd: ({ name, status, parentSpanContext }) => void ended.push({ name, failure: status.message, parent: parentSpanContext?.spanId }), forceFlush: async () => undefined, shutdown: async () => undefined }],
  });
  beforeAll(() => {
    sdk.start();
    turnTracingOn();
  });
  afterAll(() => sdk.shutdown());
  beforeEach(() => (ended.length = 0));

  it('goes on from its cause, and what is said within goes on from it', async () => {
    const said = await traced('a', { traceparent: cause }, async () => fromHere({ traceparent: cause }));
    expect(traceOf(said.traceparent)).toBe(traceOf(cause));
    expect(said.traceparent).not.toBe(cause);
    expect(ended).toEqual([{ name: 'a', failure: undefined, parent: '00f067aa0ba902b7' }]);
  });

  it('stays with its cause where the work around it belongs to another trace', async () => {
    await traced('around', { traceparent: other }, async () => {
      expect(fromHere({ traceparent: cause })).toEqual({ traceparent: cause });
      expect(await traced('a', { traceparent: cause }, async () => traceOf(fromHere({ traceparent: cause }).traceparent))).toBe(traceOf(cause));
    });
    expect(ended.map(({ name, parent }) => [name, parent])).toEqual([['a', '00f067aa0ba902b7'], ['around', '00f067aa0ba902b7']]);
  });

  it('marks what fails by its name, not by its words', async () => {
    await expect(traced('a', {}, () => Promise.reject(new TypeError('what a person wrote')))).rejects.toThrow(TypeError);
    expect(ended).toMatchObject([{ failure: 'TypeError' }]);
  });

  it('tells afterwards only of what is watched', () => {
    tracedSince(Date.now(), 'a', { traceparent: cause });
    tracedSince(Date.now(), 'b', { traceparent: cause.replace(/01$/, '00') });
    tracedSince(Date.now(), 'c', {});
    expect(ended.map(({ name }) => name)).toEqual(['a']);
  });
});
