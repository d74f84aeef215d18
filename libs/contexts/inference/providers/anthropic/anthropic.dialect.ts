import type { FinishReason, TokenUsage } from '@parley/kernel/metering.js';
import Anthropic from '@anthropic-ai/sdk';
import { Stream } from '@anthropic-ai/sdk/core/streaming';
import { z } from 'zod';
import type { Dialect, DialectEvent } from '../dialect.js';
import { invalidStream, openingFailure, requireStreamOf, saidFailure, streamFailure } from '../provider-failure.js';
import type { ProviderRequest } from '../provider.js';

export interface AnthropicSettings {
  readonly name: string;
  /** Absent: Anthropic itself. */
  readonly baseUrl?: string;
  readonly apiKey: string;
}

/** Anthropic wants a limit. Every model that it serves can say this much. */
const DEFAULT_MAX_TOKENS = 8_192;

/** Anthropic's messages. */
export function anthropicDialect({ name, baseUrl, apiKey }: AnthropicSettings): Dialect {
  const client = new Anthropic({
    apiKey,
    ...(baseUrl !== undefined && { baseURL: baseUrl }),
    maxRetries: 0, // a retry is an attempt, and attempts are counted elsewhere
    logLevel: 'off', // it quotes what it could not read, and so what people said
    openTelemetry: false, // its traces may be told to hold what people said
  });
  return {
    name,
    async *call(request, signal) {
      const response = await client.messages
        .create(bodyOf(request), { signal })
        .asResponse()
        .catch((error: unknown) => {
          throw openingFailure(name, error, error instanceof Anthropic.APIError ? error.type : undefined);
        });
      requireStreamOf(name, response, 'text/event-stream');
      try {
        yield* eventsOf(name, response);
      } catch (error) {
        throw streamFailure(name, error);
      }
    },
  };
}

function bodyOf(request: ProviderRequest): Anthropic.MessageCreateParamsStreaming {
  const { model, system, temperature, maxOutputTokens, user } = request;
  return {
    model,
    max_tokens: maxOutputTokens ?? DEFAULT_MAX_TOKENS,
    messages: acceptable(request.messages).map(({ role, text }) => ({ role, content: text })),
    stream: true,
    ...(system?.trim() && { system }),
    ...(user !== undefined && { metadata: { user_id: user } }),
    // The package no longer knows it, and the newer models refuse it; the older ones take it. Who sets it is told so by the model.
    ...(temperature !== null && { temperature }),
  };
}

/** Anthropic refuses a blank message and a conversation that begins with the assistant: a window of one may have both. */
function acceptable(messages: ProviderRequest['messages']): ProviderRequest['messages'] {
  const said = messages.filter(({ text }) => text.trim() !== '');
  return said.slice(Math.max(0, said.findIndex(({ role }) => role === 'user')));
}

/**
 * The events one by one, not as the SDK's own stream gives them: that one drops what has no name, and so hides a lost piece of text.
 * The body is read to its end, past `message_stop`, so that the connection can be used again.
 */
async function* eventsOf(provider: string, response: Response): AsyncGenerator<DialectEvent, void> {
  let opened: z.output<typeof messageStart>['message'] | undefined;
  for await (const { event, data } of Stream.rawEvents(response)) {
    if (event === 'ping') continue;
    if (event === null) throw invalidStream(provider, 'event-without-a-name');
    const value: unknown = JSON.parse(data);
    if (event === 'error') throw saidFailure(provider, errorSchema.parse(value).error?.type);
    if (event === 'message_start') {
      const { message } = messageStart.parse(value);
      if (opened && opened.id !== message.id) throw invalidStream(provider, 'two-messages-in-one-stream');
      opened = message;
      yield* usageEvents(message.usage, true);
    } else if (event === 'content_block_start') {
      const { text } = blockStart.parse(value).content_block;
      if (text) yield { type: 'text', text };
    } else if (event === 'content_block_delta') {
      const { text } = blockDelta.parse(value).delta;
      yield text ? { type: 'text', text } : { type: 'alive' }; // a thought
    } else if (event === 'message_delta') {
      const { delta, usage } = messageDelta.parse(value);
      if (delta.stop_reason) yield { type: 'finish', reason: FINISH[delta.stop_reason] ?? 'other' };
      yield* usageEvents({ ...opened?.usage, ...present(usage) }, false);
    }
  }
}

const errorSchema = z.object({ error: z.object({ type: z.string().nullish() }).nullish() });
const part = z.object({ type: z.string(), text: z.string().nullish() });
const messageStart = z.object({ message: z.object({ id: z.string(), usage: z.record(z.string(), z.unknown()).nullish() }) });
const blockStart = z.object({ content_block: part });
const blockDelta = z.object({ delta: part });
const messageDelta = z.object({ delta: z.object({ stop_reason: z.string().nullish() }), usage: z.record(z.string(), z.unknown()).nullish() });

const FINISH: Readonly<Record<string, FinishReason>> = {
  end_turn: 'stop',
  stop_sequence: 'stop',
  max_tokens: 'length',
  model_context_window_exceeded: 'length',
  refusal: 'content-filter',
  tool_use: 'tool-calls',
};

const count = z.int().nonnegative();
const usageSchema = z.object({
  input_tokens: count.nullish(),
  cache_creation_input_tokens: count.nullish(),
  cache_read_input_tokens: count.nullish(),
  output_tokens: count,
  output_tokens_details: z.object({ thinking_tokens: count.nullish() }).nullish(),
});

/** @param isOpening its output is only begun, so it stands as an estimate until the end tells */
function* usageEvents(usage: unknown, isOpening: boolean): Generator<DialectEvent, void> {
  const told = usageSchema.safeParse(usage);
  if (told.success) yield { type: 'usage', usage: { ...usageOf(told.data), estimated: isOpening }, raw: JSON.stringify(usage) };
}

/** The input is without what was read from the cache; what was written to it is input like any other. The output holds the thoughts. */
function usageOf(told: z.output<typeof usageSchema>): TokenUsage {
  const reasoning = Math.min(told.output_tokens_details?.thinking_tokens ?? 0, told.output_tokens);
  return {
    inputTokens: (told.input_tokens ?? 0) + (told.cache_creation_input_tokens ?? 0),
    cachedInputTokens: told.cache_read_input_tokens ?? 0,
    outputTokens: told.output_tokens - reasoning,
    reasoningTokens: reasoning,
    estimated: false,
  };
}

/** The end may leave out what the start has said. */
const present = (usage: Readonly<Record<string, unknown>> | null | undefined) =>
  Object.fromEntries(Object.entries(usage ?? {}).filter(([, value]) => value !== null && value !== undefined));
