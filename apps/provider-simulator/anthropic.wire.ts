import { z } from 'zod';
import { BadRequest, SSE, textOf, type Ask, type Frames, type Wire } from './wire.js';
import type { Reply } from './reply.js';

const block = z.object({ type: z.string(), text: z.string().min(1, 'text content blocks must be non-empty').optional() });

const requestSchema = z.object({
  model: z.string().min(1),
  max_tokens: z.int().positive(),
  messages: z.array(z.object({ role: z.enum(['user', 'assistant']), content: z.union([z.string().min(1, 'text content must be non-empty'), z.array(block).min(1)]) })).min(1),
  system: z.union([z.string(), z.array(block)]).optional(),
  temperature: z.number().min(0).max(1).optional(),
  stream: z.boolean().optional(),
});

const TYPES: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  529: 'overloaded_error',
};

/** Anthropic messages. @see https://docs.anthropic.com/en/api/messages and …/messages-streaming */
export const anthropicWire: Wire = {
  ...SSE,
  name: 'anthropic',
  path: '/v1/messages',

  read(body) {
    const { success, data, error } = requestSchema.safeParse(body);
    if (!success) throw new BadRequest(400, error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '));
    if (data.messages[0]?.role !== 'user') throw new BadRequest(400, 'messages: first message must use the "user" role');
    return {
      prompt: {
        model: data.model,
        system: textOf(data.system),
        messages: data.messages.map(({ role, content }) => ({ role, text: textOf(content) })),
        maxTokens: data.max_tokens,
      },
      isStream: data.stream ?? false,
      wantsUsage: true,
    };
  },

  whole(ask, reply, id) {
    return { ...message(ask, id), content: blocksOf(reply), stop_reason: stopOf(reply), usage: usageOf(reply) };
  },

  frames(ask, reply, id): Frames {
    const start = { ...message(ask, id), content: [], stop_reason: null, usage: { ...usageOf(reply), output_tokens: 1, output_tokens_details: null } };
    const text = reply.thoughts.length > 0 ? 1 : 0;
    return {
      head: [
        event('message_start', { message: start }),
        event('ping', {}),
        ...thinking(reply.thoughts),
        event('content_block_start', { index: text, content_block: { type: 'text', text: '', citations: null } }),
      ],
      tokens: reply.tokens.map((token) => event('content_block_delta', { index: text, delta: { type: 'text_delta', text: token } })),
      tail: [
        event('content_block_stop', { index: text }),
        event('message_delta', { delta: { stop_reason: stopOf(reply), stop_sequence: null }, usage: usageOf(reply) }),
        event('message_stop', {}),
      ],
    };
  },

  error: errorOf,
  errorFrame: (status, text) => `event: error\ndata: ${JSON.stringify(errorOf(status, text))}\n\n`,
};

const event = (type: string, fields: object) => `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`;

function errorOf(status: number, text: string) {
  return { type: 'error', error: { type: TYPES[status] ?? 'api_error', message: text }, request_id: 'req_simulator' };
}

const message = (ask: Ask, id: string) => ({ id: `msg_${id}`, type: 'message', role: 'assistant', model: ask.prompt.model, stop_sequence: null });

function thinking(thoughts: readonly string[]): readonly string[] {
  if (thoughts.length === 0) return [];
  return [
    event('content_block_start', { index: 0, content_block: { type: 'thinking', thinking: '', signature: '' } }),
    ...thoughts.map((thought) => event('content_block_delta', { index: 0, delta: { type: 'thinking_delta', thinking: thought } })),
    event('content_block_delta', { index: 0, delta: { type: 'signature_delta', signature: 'simulator' } }),
    event('content_block_stop', { index: 0 }),
  ];
}

function blocksOf({ thoughts, tokens }: Reply): readonly object[] {
  const said = { type: 'text', text: tokens.join(''), citations: null };
  return thoughts.length > 0 ? [{ type: 'thinking', thinking: thoughts.join(''), signature: 'simulator' }, said] : [said];
}

const stopOf = (reply: Reply) => (reply.isCutShort ? 'max_tokens' : 'end_turn');

/** Here the input is without what was cached; the output holds what was thought. */
const usageOf = ({ usage }: Reply) => ({
  input_tokens: usage.input,
  cache_creation_input_tokens: 0,
  cache_read_input_tokens: usage.cached,
  output_tokens: usage.output + usage.reasoning,
  output_tokens_details: { thinking_tokens: usage.reasoning },
  service_tier: 'standard',
});
