import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { anthropicDialect } from './anthropic/anthropic.dialect.js';
import { openaiDialect } from './openai/openai.dialect.js';
import type { ProviderEvent, ProviderRequest } from './provider.js';
import { withDeadlines } from './with-deadlines.js';

/** A server that says word for word what a spec gives it, and keeps what it was asked. */
let server: Server;
let url: string;
let answer: string;
let asked: { headers: IncomingHttpHeaders; body: Record<string, unknown> };

beforeAll(async () => {
  server = createServer((req, res) => {
    const parts: Buffer[] = [];
    req.on('data', (part: Buffer) => parts.push(part));
    req.on('end', () => {
      asked = { headers: req.headers, body: JSON.parse(Buffer.concat(parts).toString()) as Record<string, unknown> };
      res.writeHead(200, { 'content-type': 'text/event-stream' }).end(answer);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => server.close());

const request: ProviderRequest = {
  model: 'm',
  system: 'Be brief',
  messages: [
    { role: 'assistant', text: 'Welcome' },
    { role: 'user', text: 'Hello' },
    { role: 'assistant', text: ' ' },
    { role: 'user', text: 'Are you there?' },
  ],
  temperature: 0.5,
  maxOutputTokens: 99,
  user: 'u-1',
};

const DEADLINES = { firstTokenMs: 5_000, betweenTokensMs: 5_000 };

async function read(dialect: 'openai' | 'anthropic', said: string, ask: Partial<ProviderRequest> = {}, apiKey?: string): Promise<readonly ProviderEvent[]> {
  answer = said;
  const provider = withDeadlines(
    dialect === 'openai'
      ? openaiDialect({ name: 'p', baseUrl: `${url}/v1`, ...(apiKey !== undefined && { apiKey }) })
      : anthropicDialect({ name: 'p', baseUrl: url, apiKey: apiKey ?? 'k' }),
    DEADLINES,
  );
  const events: ProviderEvent[] = [];
  for await (const event of provider.stream({ ...request, ...ask }, new AbortController().signal)) events.push(event);
  return events;
}

const textOf = (events: readonly ProviderEvent[]) => events.map((event) => (event.type === 'text' ? event.text : '')).join('');
const usageOf = (events: readonly ProviderEvent[]) => events.findLast((event) => event.type === 'usage')?.usage;

describe('an OpenAI-compatible server', () => {
  const chunks = (...values: readonly object[]) => values.map((value) => `data: ${JSON.stringify(value)}\n\n`).join('');
  const delta = (fields: object, finish: string | null = null) => ({ choices: [{ index: 0, delta: fields, finish_reason: finish }] });
  const done = 'data: [DONE]\n\n';
  const hi = chunks(delta({ content: 'Hi' }), delta({}, 'stop')) + done;

  it('is not told what the environment has for OpenAI alone', async () => {
    Object.assign(process.env, { OPENAI_CUSTOM_HEADERS: 'x-gateway-secret: hush\nauthorization: Bearer of-openai', OPENAI_ORG_ID: 'org', OPENAI_PROJECT_ID: 'project' });
    try {
      await read('openai', hi, {}, 'its own');
    } finally {
      for (const name of ['OPENAI_CUSTOM_HEADERS', 'OPENAI_ORG_ID', 'OPENAI_PROJECT_ID']) delete process.env[name];
    }
    expect(JSON.stringify(asked)).not.toMatch(/hush|of-openai|org|project/);
    expect(asked.headers.authorization).toBe('Bearer its own');
  });

  it('is asked in words that all of them know, and is not told who asks', async () => {
    await read('openai', hi);
    expect(asked.body).toEqual({
      model: 'm',
      messages: [{ role: 'system', content: 'Be brief' }, ...request.messages.map(({ role, text }) => ({ role, content: text }))],
      temperature: 0.5,
      max_tokens: 99,
      stream: true,
      stream_options: { include_usage: true },
    });
  });

  it('is asked for nothing that the agent leaves to it', async () => {
    await read('openai', hi, { system: null, temperature: null, maxOutputTokens: null });
    expect(Object.keys(asked.body).sort()).toEqual(['messages', 'model', 'stream', 'stream_options']);
  });

  it('gets its key, and none when it has none', async () => {
    await read('openai', hi, {}, 'its-key');
    expect(asked.headers.authorization).toBe('Bearer its-key');
    await read('openai', hi);
    expect(asked.headers.authorization).toBeUndefined();
  });

  it.each([
    ['stop', 'stop'],
    ['length', 'length'],
    ['content_filter', 'content-filter'],
    ['tool_calls', 'tool-calls'],
    ['function_call', 'tool-calls'],
    ['eos', 'other'],
  ])('finishes for %s as %s', async (said, reason) => {
    expect(await read('openai', chunks(delta({ content: 'Hi' }, said)))).toEqual([{ type: 'text', text: 'Hi' }, { type: 'finish', reason }]);
  });

  it('has failed when it gives an error as the reason', async () => {
    await expect(read('openai', chunks(delta({ content: 'Hi' }, 'error')) + done)).rejects.toMatchObject({ reason: 'provider-unavailable', code: 'finish-reason-error' });
  });

  it('has not finished because it says that it is done', async () => {
    await expect(read('openai', chunks(delta({ content: 'Hi' })) + done)).rejects.toMatchObject({ reason: 'stream-cut' });
    await expect(read('openai', chunks(delta({ content: 'Hi' }, '')) + done)).rejects.toMatchObject({ reason: 'stream-cut' });
  });

  it('may think aloud, refuse in words, and send what we do not know', async () => {
    const said = chunks(delta({ reasoning_content: 'Hm' }), { choices: [] }, { object: 'x' }, delta({ refusal: 'I cannot.' }), delta({}, 'stop')) + 'event: news\ndata: {"a":1}\n\n' + done;
    expect(textOf(await read('openai', said))).toBe('I cannot.');
  });

  it('is invalid when what it sends is no chunk', async () => {
    for (const wrong of ['data: 42\n\n', 'data: {"choices":"x"}\n\n', 'data: {"choices":[{"delta":{"content":1}}]}\n\n', 'data: {"cho\n\n']) {
      await expect(read('openai', wrong + hi)).rejects.toMatchObject({ reason: 'stream-invalid' });
    }
  });

  it('tells its usage in classes that do not overlap', async () => {
    const usage = { prompt_tokens: 100, completion_tokens: 50, total_tokens: 150, prompt_tokens_details: { cached_tokens: 60 }, completion_tokens_details: { reasoning_tokens: 20 } };
    const events = await read('openai', chunks(delta({ content: 'Hi' }), delta({}, 'stop'), { choices: [], usage }) + done);
    expect(usageOf(events)).toEqual({ inputTokens: 40, cachedInputTokens: 60, outputTokens: 30, reasoningTokens: 20, estimated: false });
    expect(events.find((event) => event.type === 'usage')).toMatchObject({ raw: JSON.stringify(usage) });
  });

  it('may count its thoughts beside the completion: the total shows it', async () => {
    const usage = { prompt_tokens: 100, completion_tokens: 50, total_tokens: 170, completion_tokens_details: { reasoning_tokens: 20 } };
    expect(usageOf(await read('openai', chunks(delta({}, 'stop'), { choices: [], usage })))).toMatchObject({ outputTokens: 50, reasoningTokens: 20 });
  });

  it('tells no usage that it makes no sense of', async () => {
    for (const usage of [{}, { prompt_tokens: -1, completion_tokens: 1 }, { prompt_tokens: '1', completion_tokens: 1 }, 'none']) {
      expect(usageOf(await read('openai', chunks(delta({}, 'stop'), { choices: [], usage }) + done))).toBeUndefined();
    }
  });
});

describe('Anthropic', () => {
  const event = (type: string, fields: object = {}) => `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`;
  const start = (usage: object = { input_tokens: 10, output_tokens: 1 }, id = 'msg_1') => event('message_start', { message: { id, usage } });
  const text = (said: string) => event('content_block_delta', { index: 0, delta: { type: 'text_delta', text: said } });
  const end = (reason: string | null = 'end_turn', usage: object | null = { output_tokens: 5 }) => event('message_delta', { delta: { stop_reason: reason }, usage });
  const stop = event('message_stop');

  it('is asked without what it would refuse: a blank message, a beginning that is its own', async () => {
    await read('anthropic', start() + end() + stop);
    expect(asked.body).toEqual({
      model: 'm',
      system: 'Be brief',
      messages: [
        { role: 'user', content: 'Hello' },
        { role: 'user', content: 'Are you there?' },
      ],
      max_tokens: 99,
      temperature: 0.5,
      metadata: { user_id: 'u-1' },
      stream: true,
    });
    expect(asked.headers.authorization).toBe('Bearer k');
  });

  it('is given a limit where the agent has none, for it wants one', async () => {
    await read('anthropic', start() + end() + stop, { system: ' ', temperature: null, maxOutputTokens: null });
    expect(asked.body).toMatchObject({ max_tokens: 8_192 });
    expect(Object.keys(asked.body).sort()).toEqual(['max_tokens', 'messages', 'metadata', 'model', 'stream']);
  });

  it.each([
    ['end_turn', 'stop'],
    ['stop_sequence', 'stop'],
    ['max_tokens', 'length'],
    ['model_context_window_exceeded', 'length'],
    ['refusal', 'content-filter'],
    ['tool_use', 'tool-calls'],
    ['pause_turn', 'other'],
  ])('finishes for %s as %s', async (said, reason) => {
    expect((await read('anthropic', start() + text('Hi') + end(said) + stop)).at(-1)).toEqual({ type: 'finish', reason });
  });

  it('has not finished because it says that it stops', async () => {
    await expect(read('anthropic', start() + text('Hi') + stop)).rejects.toMatchObject({ reason: 'stream-cut' });
    await expect(read('anthropic', start() + text('Hi') + end(null) + stop)).rejects.toMatchObject({ reason: 'stream-cut' });
  });

  it('has finished though its last word is missing', async () => {
    expect((await read('anthropic', start() + text('Hi') + end())).at(-1)).toEqual({ type: 'finish', reason: 'stop' });
  });

  it('may send what we do not know', async () => {
    expect(textOf(await read('anthropic', start() + event('ping') + event('news', { a: 1 }) + ': a comment\n\n' + text('Hi') + end() + stop))).toBe('Hi');
  });

  it('is invalid when a piece has lost its name or its end, or another message is mixed in', async () => {
    const lost = 'data: {"type":"content_block_delta","delta":{"type":"text_delta","text":"not"}}\n\n';
    for (const wrong of [lost, 'event: content_block_delta\ndata: {"type":"cont\n\n', 'event: content_block_delta\ndata: {}\n\n', 'event: message_delta\n\n', start({}, 'msg_2')]) {
      await expect(read('anthropic', start() + text('Hi') + wrong + end() + stop)).rejects.toMatchObject({ reason: 'stream-invalid' });
    }
  });

  it('is one message though its start comes twice', async () => {
    expect(textOf(await read('anthropic', start() + start() + text('Hi') + end() + stop))).toBe('Hi');
  });

  it('tells its usage in classes that do not overlap: the start what went in, the end what came out', async () => {
    const opening = { input_tokens: 10, cache_creation_input_tokens: 5, cache_read_input_tokens: 60, output_tokens: 1 };
    const events = await read('anthropic', start(opening) + text('Hi') + end('end_turn', { output_tokens: 50, output_tokens_details: { thinking_tokens: 20 }, input_tokens: null }) + stop);
    expect(usageOf(events)).toEqual({ inputTokens: 15, cachedInputTokens: 60, outputTokens: 30, reasoningTokens: 20, estimated: false });
  });

  it('marks the usage of the start as an estimate: the output is only begun', async () => {
    expect(await read('anthropic', start() + end('end_turn', null) + stop)).toContainEqual({
      type: 'usage',
      usage: { inputTokens: 10, cachedInputTokens: 0, outputTokens: 1, reasoningTokens: 0, estimated: true },
      raw: '{"input_tokens":10,"output_tokens":1}',
    });
  });
});
