import type { FinishReason, TokenUsage } from '@parley/kernel/metering.js';
import OpenAI from 'openai';
import { z } from 'zod';
import type { Dialect, DialectEvent } from '../dialect.js';
import { openingFailure, requireAnswerOf, saidFailure, streamFailure } from '../provider-failure.js';
import type { ProviderRequest } from '../provider.js';

export interface OpenaiSettings {
  readonly name: string;
  /** Absent: OpenAI itself. */
  readonly baseUrl?: string;
  /** Absent: the server wants none. */
  readonly apiKey?: string;
}

/** Headers of the protocol: any other came from the SDK's own reading of the environment (OPENAI_CUSTOM_HEADERS), and may be a secret. */
const OF_THE_PROTOCOL = new Set(['accept', 'authorization', 'content-type', 'content-length', 'user-agent']);

const fetchPlainly: typeof fetch = (input, init) => {
  const headers = [...new Headers(init?.headers)].filter(([name]) => OF_THE_PROTOCOL.has(name));
  return fetch(input, { ...init, headers });
};

/** OpenAI's chat completions, as OpenAI and many others speak them. */
export function openaiDialect({ name, baseUrl, apiKey }: OpenaiSettings): Dialect {
  const isOpenai = baseUrl === undefined;
  const client = new OpenAI({
    apiKey: apiKey ?? 'none',
    ...(!isOpenai && { baseURL: baseUrl, organization: null, project: null, fetch: fetchPlainly }), // what the environment says is OpenAI's business alone
    ...(!isOpenai && { defaultHeaders: { authorization: apiKey === undefined ? null : `Bearer ${apiKey}` } }),
    maxRetries: 0, // a retry is an attempt, and attempts are counted elsewhere
    logLevel: 'off', // it quotes what it could not read, and so what people said
  });
  return {
    name,
    async *call(request, signal) {
      const { data, response } = await client.chat.completions
        .create(bodyOf(request, isOpenai), { signal })
        .withResponse()
        .catch((error: unknown) => {
          throw openingFailure(name, error, codeOf(error));
        });
      requireAnswerOf(name, response, 'text/event-stream');
      try {
        for await (const chunk of data) yield* eventsOf(name, chunkSchema.parse(chunk));
      } catch (error) {
        throw error instanceof OpenAI.APIError ? saidFailure(name, codeOf(error), error) : streamFailure(name, error);
      }
    },
    async reach(signal) {
      const answer = await client.models
        .list({ signal })
        .asResponse()
        .catch((error: unknown) => {
          throw openingFailure(name, error, codeOf(error));
        });
      await answer.body?.cancel();
      requireAnswerOf(name, answer, 'application/json');
    },
  };
}

function bodyOf(request: ProviderRequest, isOpenai: boolean): OpenAI.ChatCompletionCreateParamsStreaming {
  const { model, system, messages, temperature, maxOutputTokens, user } = request;
  return {
    model,
    messages: [...(system ? [{ role: 'system' as const, content: system }] : []), ...messages.map(({ role, text }) => ({ role, content: text }))],
    stream: true,
    stream_options: { include_usage: true },
    ...(temperature !== null && { temperature }),
    // OpenAI's newer models refuse the old name; many other servers know no other. Only OpenAI is told who asks.
    ...(maxOutputTokens !== null && (isOpenai ? { max_completion_tokens: maxOutputTokens } : { max_tokens: maxOutputTokens })),
    ...(isOpenai && user !== undefined && { safety_identifier: user }),
  };
}

const choice = z.object({
  delta: z
    .object({
      content: z.string().nullish(),
      refusal: z.string().nullish(),
      // Not OpenAI's: DeepSeek, vLLM, Ollama and others stream thoughts under these names.
      reasoning_content: z.string().nullish(),
      reasoning: z.string().nullish(),
    })
    .nullish(),
  finish_reason: z.string().nullish(),
});

/** Of a chunk only what we read; what it has beside that is the server's business. */
const chunkSchema = z.object({ choices: z.array(choice).nullish(), usage: z.unknown().optional() });

function* eventsOf(provider: string, { choices, usage }: z.output<typeof chunkSchema>): Generator<DialectEvent, void> {
  const { delta, finish_reason: finish } = choices?.[0] ?? {};
  if (delta?.reasoning_content || delta?.reasoning) yield { type: 'alive' };
  const text = delta?.content || delta?.refusal;
  if (text) yield { type: 'text', text };
  if (finish === 'error') throw saidFailure(provider, 'finish-reason-error'); // so some gateways say that their model failed
  if (finish) yield { type: 'finish', reason: FINISH[finish] ?? 'other' };
  if (!usage) return;
  const told = usageSchema.safeParse(usage);
  if (told.success) yield { type: 'usage', usage: usageOf(told.data), raw: JSON.stringify(usage) };
}

const FINISH: Readonly<Record<string, FinishReason>> = {
  stop: 'stop',
  length: 'length',
  content_filter: 'content-filter',
  tool_calls: 'tool-calls',
  function_call: 'tool-calls',
};

const count = z.int().nonnegative();
const usageSchema = z.object({
  prompt_tokens: count,
  completion_tokens: count,
  total_tokens: count.nullish(),
  prompt_tokens_details: z.object({ cached_tokens: count.nullish() }).nullish(),
  completion_tokens_details: z.object({ reasoning_tokens: count.nullish() }).nullish(),
});

/** The prompt holds what was cached. The completion holds what was thought, except at servers whose total shows that it does not. */
function usageOf(told: z.output<typeof usageSchema>): TokenUsage {
  const cached = Math.min(told.prompt_tokens_details?.cached_tokens ?? 0, told.prompt_tokens);
  const reasoning = told.completion_tokens_details?.reasoning_tokens ?? 0;
  const isApart = told.total_tokens === told.prompt_tokens + told.completion_tokens + reasoning;
  const completion = isApart ? told.completion_tokens : Math.max(0, told.completion_tokens - reasoning);
  return { inputTokens: told.prompt_tokens - cached, cachedInputTokens: cached, outputTokens: completion, reasoningTokens: reasoning, estimated: false };
}

function codeOf(error: unknown): string | undefined {
  if (!(error instanceof OpenAI.APIError)) return undefined;
  return error.code ?? error.type ?? undefined;
}
