import { setTimeout as delay } from 'node:timers/promises';
import { type Provider, ProviderError, type ProviderEvent, type ProviderRequest } from './provider.js';
import { withBreaker } from './with-breaker.js';

const request = (model: string): ProviderRequest => ({ model, system: null, messages: [{ role: 'user', text: 'Hello' }], temperature: null, maxOutputTokens: null });
const finish: ProviderEvent = { type: 'finish', reason: 'stop' };
const OPTIONS = { windowMs: 30_000, calls: 10, halfOpenAfterMs: 200 };

/** Answers until told to fail, and counts who asked. */
class Upstream implements Provider {
  readonly name = 'upstream';
  asked = 0;
  error: unknown;

  reach = async () => undefined;

  async *stream(): AsyncGenerator<ProviderEvent> {
    this.asked++;
    if (this.error) throw this.error as Error;
    yield { type: 'text', text: 'Hi' };
    yield finish;
  }
}

const failing = (reason: ProviderError['reason']) => new ProviderError('upstream', { reason, isRetryable: true });
const down = failing('provider-unavailable');

let upstream: Upstream;
let provider: Provider;
beforeEach(() => {
  upstream = new Upstream();
  provider = withBreaker(upstream, OPTIONS);
});

/** @returns how each of these calls ended: the last event, or the error */
async function call(times = 1, model = 'm'): Promise<unknown[]> {
  const ends: unknown[] = [];
  for (let n = 0; n < times; n++) {
    let last: unknown;
    try {
      for await (const event of provider.stream(request(model), new AbortController().signal)) last = event;
    } catch (error) {
      last = error;
    }
    ends.push(last);
  }
  return ends;
}

describe('a provider that does not answer', () => {
  it('is asked no more once half of ten calls came to nothing, and whoever asks is told at once, and when to come back', async () => {
    await call(5);
    upstream.error = down;
    expect(await call(5)).toEqual(Array(5).fill(down));
    expect(upstream.asked).toBe(10);
    expect(await call()).toMatchObject([{ name: 'ProviderError', reason: 'provider-unavailable', code: 'circuit-open', isRetryable: true, retryAfterMs: 200 }]);
    expect(upstream.asked).toBe(10);
    expect(provider.openBreakers!()).toBe(1);
  });

  it('is asked once after a while, and again by all when it answers', async () => {
    upstream.error = down;
    await call(10);
    await delay(OPTIONS.halfOpenAfterMs + 20);
    expect(await call(3)).toMatchObject([down, { code: 'circuit-open' }, { code: 'circuit-open' }]);
    expect(upstream.asked).toBe(11);

    upstream.error = undefined;
    await delay(OPTIONS.halfOpenAfterMs + 20);
    expect(await call(3)).toEqual([finish, finish, finish]);
    expect(provider.openBreakers!()).toBe(0);
  });

  it('is asked on while fewer than half of the calls fail, or there were few', async () => {
    upstream.error = down;
    expect(await call(9)).toEqual(Array(9).fill(down));
    upstream.error = undefined;
    expect(await call(20)).toEqual(Array(20).fill(finish));
  });

  it('is asked for its other models', async () => {
    upstream.error = down;
    await call(10, 'large');
    upstream.error = undefined;
    expect(await call(1, 'large')).toMatchObject([{ code: 'circuit-open' }]);
    expect(await call(1, 'small')).toEqual([finish]);
    expect(provider.openBreakers!()).toBe(1);
  });
});

it.each(['provider-refused', 'provider-rate-limited'] as const)('a provider that answers %s is there', async (reason) => {
  upstream.error = failing(reason);
  expect(await call(20)).toEqual(Array(20).fill(upstream.error));
  expect([upstream.asked, provider.openBreakers!()]).toEqual([20, 0]);
});

it('a person who stops says nothing about the provider', async () => {
  upstream.error = 'stop';
  expect(await call(20)).toEqual(Array(20).fill('stop'));
  expect(provider.openBreakers!()).toBe(0);
});
