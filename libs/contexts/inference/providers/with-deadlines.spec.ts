import { getEventListeners } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import type { DialectEvent } from './dialect.js';
import type { ProviderEvent, ProviderRequest } from './provider.js';
import { withDeadlines } from './with-deadlines.js';

const request: ProviderRequest = { model: 'm', system: null, messages: [{ role: 'user', text: 'Hello' }], temperature: null, maxOutputTokens: null };
const text: DialectEvent = { type: 'text', text: 'Hi' };
const alive: DialectEvent = { type: 'alive' };
const usage: DialectEvent = { type: 'usage', usage: { inputTokens: 1, cachedInputTokens: 0, outputTokens: 1, reasoningTokens: 0, estimated: false }, raw: '{}' };
const stop: DialectEvent = { type: 'finish', reason: 'stop' };
const length: DialectEvent = { type: 'finish', reason: 'length' };

type Step = DialectEvent | number | Error | 'silence';

/** A dialect that says what it is told: events, pauses in ms, an error, or nothing any more, not even when it is told to go. */
const saying = (...steps: readonly Step[]) =>
  withDeadlines(
    {
      name: 'said',
      reach: async () => undefined,
      async *call() {
        for (const step of steps) {
          if (step === 'silence') await new Promise(() => undefined);
          else if (typeof step === 'number') await pause(step);
          else if (step instanceof Error) throw step;
          else yield step;
        }
      },
    },
    { firstTokenMs: 120, betweenTokensMs: 120 },
  );

async function read(provider: ReturnType<typeof saying>, signal = new AbortController().signal): Promise<readonly ProviderEvent[]> {
  const events: ProviderEvent[] = [];
  for await (const event of provider.stream(request, signal)) events.push(event);
  return events;
}

describe('a provider', () => {
  it('says the finish last, though the usage came after it', async () => {
    expect(await read(saying(text, stop, usage))).toEqual([text, usage, stop]);
  });

  it('finishes once, for the first reason', async () => {
    expect(await read(saying(text, length, stop))).toEqual([text, length]);
  });

  it('is finished, whatever goes wrong after the finish', async () => {
    expect(await read(saying(text, stop, new Error('cut')))).toEqual([text, stop]);
    expect(await read(saying(text, stop, 'silence'))).toEqual([text, stop]);
  });

  it('is not finished without a finish', async () => {
    await expect(read(saying(text, usage))).rejects.toMatchObject({ reason: 'stream-cut', code: 'no-finish-reason', isRetryable: true });
    await expect(read(saying())).rejects.toMatchObject({ reason: 'stream-cut' });
  });

  it('must say its first token in time; usage is none', async () => {
    await expect(read(saying('silence'))).rejects.toMatchObject({ reason: 'provider-timeout', isRetryable: true });
    await expect(read(saying(usage, 'silence'))).rejects.toMatchObject({ reason: 'provider-timeout' });
  });

  it('must go on in time', async () => {
    await expect(read(saying(text, 'silence'))).rejects.toMatchObject({ reason: 'stream-stalled', isRetryable: true });
  });

  it('may think for longer than a deadline, as long as it shows that it does', async () => {
    expect(await read(saying(80, alive, 80, alive, 80, text, stop))).toEqual([text, stop]);
  });

  it('is not blamed for a reader who takes his time', async () => {
    const events = saying(text, text, stop).stream(request, new AbortController().signal)[Symbol.asyncIterator]();
    expect(await events.next()).toMatchObject({ value: text });
    await pause(200);
    expect(await events.next()).toMatchObject({ value: text });
    expect(await events.next()).toMatchObject({ value: stop });
  });

  it('ends at once when it is stopped, even if the SDK does not, and leaves nothing on the signal', async () => {
    const stopping = new AbortController();
    const reason = new Error('stopped');
    const reading = read(saying(text, 'silence'), stopping.signal);
    setTimeout(() => stopping.abort(reason), 20);
    await expect(reading).rejects.toBe(reason);
    const kept = new AbortController().signal;
    await read(saying(text, stop), kept);
    await expect(read(saying(text, new Error('cut')), kept)).rejects.toThrow('cut');
    expect(getEventListeners(kept, 'abort')).toHaveLength(0);
  });
});
