import { startProviderSimulator, type ProviderSimulator } from '../../../../apps/provider-simulator/start-simulator.js';
import { anthropicDialect } from './anthropic/anthropic.dialect.js';
import type { Dialect } from './dialect.js';
import { openaiDialect } from './openai/openai.dialect.js';
import { ProviderError, type ProviderEvent, type ProviderRequest } from './provider.js';
import { withDeadlines } from './with-deadlines.js';

let simulator: ProviderSimulator;
beforeAll(async () => {
  simulator = await startProviderSimulator({ recordCalls: true });
});
afterAll(() => simulator.close());

interface Tried {
  /** The dialect, spoken with a simulator. */
  readonly at: (url: string) => Dialect;
  /** Cells of the matrix that are otherwise for this format, each with its reason beside it. */
  readonly but?: Readonly<Record<string, Partial<Row>>>;
}

/** One line a dialect: the whole matrix runs on it. */
const dialects: Readonly<Record<string, Tried>> = {
  openai: { at: (url) => openaiDialect({ name: 'openai', baseUrl: `${url}/v1`, apiKey: 'any' }) },
  anthropic: { at: (url) => anthropicDialect({ name: 'anthropic', baseUrl: url, apiKey: 'any' }) },
};

const ask = (model: string): ProviderRequest => ({ model, system: 'Be brief', messages: [{ role: 'user', text: 'Hello' }], temperature: null, maxOutputTokens: null });
const PATIENT = { firstTokenMs: 10_000, betweenTokensMs: 10_000 };
const HASTY = { firstTokenMs: 250, betweenTokensMs: 250 };

/** What came, and how it ended. */
async function outcome(dialect: Dialect, model: string, deadlines = PATIENT, signal = new AbortController().signal) {
  const events: ProviderEvent[] = [];
  let error: unknown;
  try {
    for await (const event of withDeadlines(dialect, deadlines).stream(ask(model), signal)) events.push(event);
  } catch (thrown) {
    error = thrown;
  }
  return {
    tokens: events.filter(({ type }) => type === 'text').length,
    finishes: events.filter(({ type }) => type === 'finish').length,
    last: events.at(-1),
    error,
  };
}

/** Waits until the simulator has seen the end of its last call. */
async function lastCall() {
  for (;;) {
    const call = simulator.calls().at(-1);
    if (call && call.end !== 'open') return call;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

const SIX = 6;

/** Before the headers, after the first token, before the end: how it fails, or with how many tokens it `completes`. */
type Row = Record<'headers' | '1' | 'end', string | { readonly completes: number }>;

const matrix: Record<string, Row> = {
  '429': { headers: 'provider-rate-limited', 1: 'provider-rate-limited', end: 'provider-rate-limited' },
  '500': { headers: 'provider-unavailable', 1: 'provider-unavailable', end: 'provider-unavailable' },
  html: { headers: 'stream-invalid', 1: 'stream-cut', end: 'stream-cut' },
  hang: { headers: 'provider-timeout', 1: 'stream-stalled', end: 'stream-stalled' },
  stall: { headers: 'provider-timeout', 1: 'stream-stalled', end: 'stream-stalled' },
  cut: { headers: 'provider-unavailable', 1: 'stream-cut', end: 'stream-cut' },
  reset: { headers: 'provider-unavailable', 1: 'stream-cut', end: 'stream-cut' },
  'clean-close': { headers: 'stream-cut', 1: 'stream-cut', end: 'stream-cut' },
  error: { headers: 'provider-unavailable', 1: 'provider-unavailable', end: 'provider-unavailable' },
  garbage: { headers: 'stream-invalid', 1: 'stream-invalid', end: 'stream-invalid' },
  // The wires number no chunk, so a piece that comes twice is said twice; what frames the text counts once.
  duplicate: { headers: { completes: SIX }, 1: { completes: SIX + 1 }, end: { completes: SIX } },
  slow: { headers: { completes: SIX }, 1: { completes: SIX }, end: { completes: SIX } },
};

const cases = Object.entries(matrix).flatMap(([fault, places]) =>
  Object.keys(dialects).flatMap((dialect) => Object.entries({ ...places, ...dialects[dialect]!.but?.[fault] }).map(([place, expected]) => ({ dialect, fault, place, expected }))),
);

describe('a fault of the provider', () => {
  it.each(cases)('$dialect, $fault, at $place', async ({ dialect, fault, place, expected }) => {
    const isSilent = fault === 'hang' || fault === 'stall';
    const { tokens, finishes, last, error } = await outcome(dialects[dialect]!.at(simulator.url), `sim-${fault}-at-${place}-tokens-${SIX}-ms-20`, isSilent ? HASTY : PATIENT);
    if (typeof expected !== 'string') {
      expect({ error, tokens, finishes, last }).toEqual({ error: undefined, tokens: expected.completes, finishes: 1, last: { type: 'finish', reason: 'stop' } });
      return;
    }
    expect(error).toBeInstanceOf(ProviderError);
    expect(error).toMatchObject({ reason: expected, isRetryable: true });
    expect({ tokens, finishes }).toEqual({ tokens: { headers: 0, 1: 1, end: SIX }[place], finishes: 0 });
    if (isSilent) expect(await lastCall()).toMatchObject({ end: 'client-closed' });
  });
});

describe.each(Object.keys(dialects))('%s', (name) => {
  const provider = () => dialects[name]!.at(simulator.url);

  it.each([
    ['400', 'provider-refused', false],
    ['401', 'provider-refused', false],
    ['403', 'provider-refused', false],
    ['404', 'provider-refused', false],
    ['413', 'provider-refused', false],
    ['429', 'provider-rate-limited', true],
    ['500', 'provider-unavailable', true],
    ['503', 'provider-unavailable', true],
    ['529', 'provider-unavailable', true],
  ])('says what a %s means', async (status, reason, isRetryable) => {
    expect((await outcome(provider(), `sim-${status}`)).error).toMatchObject({ reason, isRetryable, status: Number(status) });
  });

  it('passes on how long to wait', async () => {
    expect((await outcome(provider(), 'sim-429-retry-after-7')).error).toMatchObject({ retryAfterMs: 7_000 });
  });

  it('calls once, whatever comes back', async () => {
    const before = simulator.calls().length;
    await outcome(provider(), 'sim-500');
    expect(simulator.calls()).toHaveLength(before + 1);
  });

  it('says of an unreachable server what kept us from it, and nothing of what was asked', async () => {
    const nobody = await startProviderSimulator();
    await nobody.close();
    const { error } = await outcome(dialects[name]!.at(nobody.url), 'sim-1');
    expect(error).toMatchObject({ reason: 'provider-unavailable', isRetryable: true, code: 'ECONNREFUSED', message: `${name} provider-unavailable ECONNREFUSED` });
  });

  it('closes the call when it is no longer wanted: before the headers, and in the middle', async () => {
    for (const model of ['sim-hang', 'sim-stall-at-2']) {
      const leaving = new AbortController();
      const reason = new Error('stopped by a person');
      const call = outcome(provider(), model, PATIENT, leaving.signal);
      while (simulator.calls().at(-1)?.model !== model || simulator.calls().at(-1)?.end !== 'open') await new Promise((resolve) => setTimeout(resolve, 5));
      await new Promise((resolve) => setTimeout(resolve, 50));
      leaving.abort(reason);
      expect((await call).error).toBe(reason);
      expect(await lastCall()).toMatchObject({ model, end: 'client-closed' });
    }
  });

  it('closes the call when the reader leaves', async () => {
    for await (const event of withDeadlines(provider(), PATIENT).stream(ask('sim-stall-at-2'), new AbortController().signal)) {
      if (event.type === 'text') break;
    }
    expect(await lastCall()).toMatchObject({ model: 'sim-stall-at-2', end: 'client-closed' });
  });

  it('does not call at all when it is stopped before', async () => {
    const before = simulator.calls().length;
    const reason = new Error('stopped by a person');
    expect((await outcome(provider(), 'sim-1', PATIENT, AbortSignal.abort(reason))).error).toBe(reason);
    expect(simulator.calls()).toHaveLength(before);
  });
});
