import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { type ProviderSimulator, startProviderSimulator } from './start-simulator.js';

let simulator: ProviderSimulator;
let openai: OpenAI;
let anthropic: Anthropic;

beforeAll(async () => {
  simulator = await startProviderSimulator({ recordCalls: true });
  openai = new OpenAI({ baseURL: `${simulator.url}/v1`, apiKey: 'any', maxRetries: 0, logLevel: 'off' });
  anthropic = new Anthropic({ baseURL: simulator.url, apiKey: 'any', maxRetries: 0, logLevel: 'off' });
});
afterAll(() => simulator.close());

const hello = [{ role: 'user' as const, content: 'Hello, "you"' }];
const SAID = 'I am the provider simulator of Parley, not a model: nothing here was thought. You said: "Hello, "you"". That was message 1 of this conversation.';
const talk = [...hello, { role: 'assistant' as const, content: 'One two three' }, { role: 'user' as const, content: 'And again' }];

describe('the openai package, unchanged', () => {
  it('gets an answer that says what it comes from', async () => {
    const { choices, usage } = await openai.chat.completions.create({ model: 'sim-1', messages: hello });
    expect(choices[0]).toMatchObject({ message: { role: 'assistant', content: SAID }, finish_reason: 'stop' });
    expect(usage).toMatchObject({ prompt_tokens: 2, completion_tokens: 25, total_tokens: 27 });
  });

  it('gets the same answer as a stream, with its usage', async () => {
    const chunks = [];
    for await (const chunk of await openai.chat.completions.create({ model: 'sim-1', messages: hello, stream: true, stream_options: { include_usage: true } })) chunks.push(chunk);
    expect(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('')).toBe(SAID);
    expect(chunks.map((chunk) => chunk.choices[0]?.finish_reason).filter(Boolean)).toEqual(['stop']);
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { completion_tokens: 25 } });
  });

  it('gets no usage in a stream that it did not ask for', async () => {
    for await (const chunk of await openai.chat.completions.create({ model: 'sim-1', messages: hello, stream: true })) expect(chunk.usage).toBeUndefined();
  });

  it('is told what was cached and what was thought', async () => {
    const { usage } = await openai.chat.completions.create({ model: 'sim-reasoning', messages: [{ role: 'system', content: 'Be brief' }, ...talk] });
    expect(usage).toMatchObject({ prompt_tokens: 9, prompt_tokens_details: { cached_tokens: 7 }, completion_tokens_details: { reasoning_tokens: 13 } });
  });

  it('is cut short at its limit', async () => {
    const { choices, usage } = await openai.chat.completions.create({ model: 'sim-1', messages: hello, max_completion_tokens: 2 });
    expect(choices[0]).toMatchObject({ message: { content: 'I am' }, finish_reason: 'length' });
    expect(usage?.completion_tokens).toBe(2);
  });

  it('reads a helper stream to its end', async () => {
    expect(await openai.chat.completions.stream({ model: 'sim-1', messages: hello }).finalContent()).toBe(SAID);
  });

  it('lists the models', async () => {
    expect((await openai.models.list()).data.map(({ id }) => id)).toEqual(['sim-1', 'sim-reasoning']);
  });

  it('is refused what the real one would refuse', async () => {
    await expect(openai.chat.completions.create({ model: 'sim-1', messages: [] })).rejects.toBeInstanceOf(OpenAI.BadRequestError);
    await expect(openai.chat.completions.create({ model: 'sim-unheard-of', messages: hello })).rejects.toMatchObject({ status: 404, code: 'model_not_found' });
  });

  it('gets a 429 with the time to wait, and its own error shape', async () => {
    const refused = openai.chat.completions.create({ model: 'sim-1', messages: hello }, { headers: { 'x-simulator-fault': '429; retry-after=7' } });
    await expect(refused).rejects.toBeInstanceOf(OpenAI.RateLimitError);
    await expect(refused).rejects.toMatchObject({ code: 'rate_limit_exceeded', type: 'requests' });
    expect(((await refused.catch((error: unknown) => error)) as InstanceType<typeof OpenAI.APIError>).headers?.get('retry-after')).toBe('7');
  });
});

describe('the @anthropic-ai/sdk package, unchanged', () => {
  const ask = { model: 'sim-1', max_tokens: 100, messages: hello };

  it('gets an answer that says what it comes from', async () => {
    expect(await anthropic.messages.create(ask)).toMatchObject({
      content: [{ type: 'text', text: SAID }],
      stop_reason: 'end_turn',
      usage: { input_tokens: 2, output_tokens: 25 },
    });
  });

  it('reads the same answer as a stream', async () => {
    expect(await anthropic.messages.stream(ask).finalMessage()).toMatchObject({
      content: [{ type: 'text', text: SAID }],
      stop_reason: 'end_turn',
      usage: { input_tokens: 2, output_tokens: 25 },
    });
  });

  it('reads thoughts before the text, and counts both as output', async () => {
    const message = await anthropic.messages.stream({ ...ask, model: 'sim-reasoning', system: 'Be brief', messages: talk }).finalMessage();
    expect(message.content.map(({ type }) => type)).toEqual(['thinking', 'text']);
    expect(message.usage).toMatchObject({ input_tokens: 2, cache_read_input_tokens: 7, output_tokens_details: { thinking_tokens: 13 } });
    expect(message.usage.output_tokens).toBeGreaterThan(13);
  });

  it('is cut short at its limit', async () => {
    expect(await anthropic.messages.create({ ...ask, max_tokens: 2 })).toMatchObject({ content: [{ text: 'I am' }], stop_reason: 'max_tokens' });
  });

  it('lists the models', async () => {
    expect((await anthropic.models.list()).data.map(({ id }) => id)).toEqual(['sim-1', 'sim-reasoning']);
  });

  it('is refused what the real one would refuse', async () => {
    const blank = [{ role: 'user' as const, content: '' }];
    const late = [{ role: 'assistant' as const, content: 'Hello' }];
    for (const messages of [[], blank, late]) {
      await expect(anthropic.messages.create({ ...ask, messages })).rejects.toMatchObject({ status: 400, type: 'invalid_request_error' });
    }
    const hot = { ...ask, temperature: 1.5 }; // the package's types have it no more, the wire has
    await expect(anthropic.messages.create(hot)).rejects.toMatchObject({ status: 400 });
    await expect(anthropic.messages.create({ ...ask, model: 'sim-unheard-of' })).rejects.toMatchObject({ status: 404, type: 'not_found_error' });
    await expect(anthropic.messages.create({ ...ask, model: 'sim-529' })).rejects.toMatchObject({ status: 529, type: 'overloaded_error' });
  });
});

describe('faults on request', () => {
  const ask = (model: string, headers: Record<string, string> = {}, stream = true) =>
    fetch(`${simulator.url}/v1/chat/completions`, { method: 'POST', headers, body: JSON.stringify({ model, stream, messages: hello }) });

  it('strike as often as they are told to, then the same call goes well', async () => {
    const statuses = [];
    for (let call = 0; call < 4; call++) statuses.push((await ask('sim-500-times-2')).status);
    expect(statuses).toEqual([500, 500, 200, 200]);
  });

  it('fall within an answer that is no stream, too', async () => {
    expect(await (await ask('sim-clean-close-at-2', {}, false)).text()).toMatch(/^\{.*[^}]$/s);
    await expect((await ask('sim-cut-at-2', {}, false)).text()).rejects.toThrow('terminated');
  });

  it('are refused when nobody knows them, for a fault that does not strike proves nothing', async () => {
    for (const fault of ['flood', 'stall; where=3', 'stall; at=soon', '']) expect((await ask('sim-1', { 'x-simulator-fault': fault })).status).toBe(400);
    for (const model of ['sim-flood', 'sim-stall-at-soon', 'sim-stall-often']) expect((await ask(model)).status).toBe(404);
  });

  it('leave a reply as long and as slow as it is wanted', async () => {
    const started = performance.now();
    const text = await (await ask('sim-1-tokens-40-first-ms-60-ms-2')).text();
    expect(text.match(/"content":"[^"]/g)).toHaveLength(40);
    expect(performance.now() - started).toBeGreaterThan(60 + 39 * 2 - 20);
  });

  it('let the caller go, and see it', async () => {
    const leaving = new AbortController();
    const { body } = await fetch(`${simulator.url}/v1/chat/completions`, { method: 'POST', body: JSON.stringify({ model: 'sim-stall', stream: true, messages: hello }), signal: leaving.signal });
    await body?.getReader().read();
    expect(simulator.calls().at(-1)).toMatchObject({ model: 'sim-stall', fault: 'stall', end: 'open' });
    leaving.abort();
    while (simulator.calls().at(-1)?.end === 'open') await new Promise((resolve) => setTimeout(resolve, 5));
    expect(simulator.calls().at(-1)).toMatchObject({ end: 'client-closed', tokensSent: 3 });
  });
});

describe('the simulator itself', () => {
  const get = (path: string) => fetch(simulator.url + path);

  it('answers for its health, and says no to what it does not have', async () => {
    expect(await (await get('/healthz')).json()).toEqual({ status: 'ok' });
    expect((await get('/v1/chat/completions')).status).toBe(405);
    expect((await get('/v1/embeddings')).status).toBe(404);
    expect((await fetch(`${simulator.url}/v1/messages`, { method: 'POST', body: '{' })).status).toBe(400);
  });

  it('shows the calls only where it was told to keep them', async () => {
    expect(await (await get('/__calls')).json()).toEqual(JSON.parse(JSON.stringify(simulator.calls())));
    const other = await startProviderSimulator();
    expect((await fetch(`${other.url}/__calls`)).status).toBe(404);
    expect(other.calls()).toEqual([]);
    await other.close();
  });

  it('says when its port is taken, and ends what hangs when it is closed', async () => {
    const port = Number(new URL(simulator.url).port);
    await expect(startProviderSimulator({ port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
    const other = await startProviderSimulator();
    const hanging = fetch(`${other.url}/v1/messages`, { method: 'POST', body: JSON.stringify({ model: 'sim-hang', max_tokens: 1, messages: hello }) });
    const ended = expect(hanging).rejects.toThrow('fetch failed');
    await new Promise((resolve) => setTimeout(resolve, 50));
    await other.close();
    await ended;
  });
});
