import { z } from 'zod';
import { BadRequest, SSE, textOf, type Ask, type Frames, type Wire } from './wire.js';
import type { Reply } from './reply.js';

const content = z.union([z.string(), z.array(z.object({ type: z.string(), text: z.string().optional() }))]);

const requestSchema = z.object({
  model: z.string().min(1),
  messages: z.array(z.object({ role: z.enum(['system', 'developer', 'user', 'assistant', 'tool', 'function']), content: content.nullish() })).min(1),
  temperature: z.number().min(0).max(2).nullish(),
  max_tokens: z.int().positive().nullish(),
  max_completion_tokens: z.int().positive().nullish(),
  stream: z.boolean().nullish(),
  stream_options: z.object({ include_usage: z.boolean().optional() }).nullish(),
});

const CODES: Readonly<Record<number, { type: string; code: string | null }>> = {
  400: { type: 'invalid_request_error', code: null },
  401: { type: 'invalid_request_error', code: 'invalid_api_key' },
  403: { type: 'invalid_request_error', code: 'unsupported_country_region_territory' },
  404: { type: 'invalid_request_error', code: 'model_not_found' },
  413: { type: 'invalid_request_error', code: 'request_too_large' },
  429: { type: 'requests', code: 'rate_limit_exceeded' },
};

/** OpenAI chat completions. @see https://platform.openai.com/docs/api-reference/chat */
export const openaiWire: Wire = {
  ...SSE,
  name: 'openai',
  path: '/v1/chat/completions',

  read(body) {
    const { success, data, error } = requestSchema.safeParse(body);
    if (!success) throw new BadRequest(400, error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '));
    const instructions = data.messages.filter(({ role }) => role === 'system' || role === 'developer');
    return {
      prompt: {
        model: data.model,
        system: instructions.map((message) => textOf(message.content)).join('\n'),
        messages: data.messages.filter((message) => !instructions.includes(message)).map((message) => ({ role: message.role, text: textOf(message.content) })),
        maxTokens: data.max_completion_tokens ?? data.max_tokens ?? null,
      },
      isStream: data.stream ?? false,
      wantsUsage: data.stream_options?.include_usage ?? false,
    };
  },

  whole(ask, reply, id) {
    const message = { role: 'assistant', content: reply.tokens.join(''), refusal: null, annotations: [] };
    return {
      ...frame(ask, id),
      object: 'chat.completion',
      choices: [{ index: 0, message, logprobs: null, finish_reason: finishOf(reply) }],
      usage: usageOf(reply),
    };
  },

  frames(ask, reply, id): Frames {
    const chunk = (fields: object) => `data: ${JSON.stringify({ ...frame(ask, id), object: 'chat.completion.chunk', ...fields })}\n\n`;
    const choice = (delta: object, finish: string | null = null) =>
      chunk({ choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }], ...(ask.wantsUsage && { usage: null }) });
    return {
      head: [choice({ role: 'assistant', content: '', refusal: null })],
      tokens: reply.tokens.map((text) => choice({ content: text })),
      tail: [choice({}, finishOf(reply)), ...(ask.wantsUsage ? [chunk({ choices: [], usage: usageOf(reply) })] : []), 'data: [DONE]\n\n'],
    };
  },

  error: errorOf,
  errorFrame: (status, message) => `data: ${JSON.stringify(errorOf(status, message))}\n\n`,
};

function errorOf(status: number, message: string) {
  return { error: { message, param: null, ...(CODES[status] ?? { type: 'server_error', code: null }) } };
}

const frame = (ask: Ask, id: string) => ({
  id: `chatcmpl-${id}`,
  created: Math.floor(Date.now() / 1_000),
  model: ask.prompt.model,
  service_tier: 'default',
  system_fingerprint: 'fp_simulator',
});

const finishOf = (reply: Reply) => (reply.isCutShort ? 'length' : 'stop');

/** Here the prompt holds what was cached, and the completion what was thought. */
function usageOf({ usage }: Reply) {
  const prompt = usage.input + usage.cached;
  const completion = usage.output + usage.reasoning;
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
    prompt_tokens_details: { cached_tokens: usage.cached, audio_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: usage.reasoning, audio_tokens: 0, accepted_prediction_tokens: 0, rejected_prediction_tokens: 0 },
  };
}
