import { setTimeout as delay } from 'node:timers/promises';
import { DomainError } from '@parley/kernel/domain-error.js';
import { NO_USAGE, type TokenUsage } from '@parley/kernel/metering.js';
import { failpoint } from '@parley/platform/failpoints/failpoints.js';
import { LiveChunks } from '@parley/platform/live/live-chunks.js';
import { logger } from '@parley/platform/telemetry/logger.js';
import { traced } from '@parley/platform/telemetry/tracing.js';
import { Injectable } from '@nestjs/common';
import {
  CompleteGeneration,
  FailAttempt,
  FailGeneration,
  MAX_ATTEMPTS,
  StartAttempt,
  StopGeneration,
} from '../domain/generation.commands.js';
import type { RunningGeneration } from '../domain/generation.js';
import { PriceList } from '../providers/price-list.js';
import { type Provider, Providers } from '../providers/provider.js';
import { ChunkWriter } from './chunk-writer.js';
import { GenerationCommands } from './generation-commands.js';
import { GenerationStreams, type Settlement, type Started } from './generation-streams.js';
import type { GenerationWork } from './generation-work.js';
import { type AssembledPrompt, PromptAssembly } from './prompt-assembly.js';
import { type CallFailure, callProvider, type CallResult } from './provider-call.js';
import { RuntimeSettings } from './runtime.config.js';
import { RuntimeTelemetry } from './runtime-telemetry.js';
import { usageOf } from './usage-estimate.js';

/** How long we wait before another attempt when the provider does not say. Doubles. */
const RETRY_WAIT_MS = 500;

const log = logger('runtime');

/** A failure of our own, before any provider was asked. */
const failed = (failureReason: CallFailure['failureReason'], providerError: string | null = null): CallFailure =>
  ({ failureReason, providerError, isRetryable: false, retryAfterMs: undefined });

/** What a call gave, without how it ended. */
type Figures = Omit<CallResult, 'end'>;

const NOTHING: Figures = { text: '', usage: NO_USAGE, providerUsage: null, firstTokenMs: null, latencyMs: 0 };

/**
 * Makes one reply: attempt after attempt, until it is settled.
 *
 * Before the first text a provider is asked again, as a new attempt, where that may help and there is time. After it nothing is
 * asked twice: what the person has read stays, and the generation fails with it.
 */
@Injectable()
export class GenerationRunner {
  constructor(
    private readonly commands: GenerationCommands,
    private readonly streams: GenerationStreams,
    private readonly prompts: PromptAssembly,
    private readonly providers: Providers,
    private readonly prices: PriceList,
    private readonly live: LiveChunks,
    private readonly settings: RuntimeSettings,
    private readonly telemetry: RuntimeTelemetry,
  ) {}

  /**
   * @returns the settlement as it is stored, whoever made it; undefined when the work was left to another worker
   */
  async run(work: GenerationWork): Promise<Settlement | undefined> {
    try {
      const { started, attempt } = await this.begin(work);
      if (started && attempt) {
        const { traceparent } = started.meta;
        const attributes = { 'gen_ai.provider.name': started.data.provider, 'gen_ai.request.model': started.data.model };
        await traced('generate', { traceparent, kind: 'consumer', attributes }, () => this.attempts(work, started, attempt));
      }
    } catch (error) {
      // Refused: the generation was settled, or is another worker's by now. The log says which.
      if (!(error instanceof DomainError) || error.kind === 'unavailable') throw error;
    }
    const { settlement } = await this.streams.load(work.lease);
    if (!settlement) return undefined;
    await this.live.end(work.lease).catch((error: unknown) => log.warn('live-chunks.failed', { replyId: work.lease.replyId, error: error as Error }));
    this.telemetry.settled(settlement);
    return settlement;
  }

  /** @returns which attempt is next; none when the generation is settled */
  private async begin(work: GenerationWork): Promise<{ started?: Started; attempt?: number }> {
    if (work.start) return { started: work.start.fact, attempt: 1 };
    const { started, state } = await this.streams.load(work.lease);
    if (state.status !== 'running') return {};
    return { started, attempt: await this.bury(work, started, state) };
  }

  /** Ends the attempt of a worker that died. @returns the next one; undefined when there is none */
  private async bury(work: GenerationWork, started: Started, { attempt, workerId, isStopRequested }: RunningGeneration): Promise<number | undefined> {
    if (workerId === null && attempt < MAX_ATTEMPTS) return attempt + 1;
    log.warn('attempt.worker-lost', { replyId: work.lease.replyId, attempt });
    const { promptCharacters, textCharacters } = work.dead ?? work.progress;
    const text = await this.lastText(work, attempt);
    const usage = usageOf({ reported: null, promptCharacters, textCharacters: Math.max(textCharacters, text.length) });
    const result = { ...NOTHING, text, usage };
    const loss = failed('worker-lost');
    if (isStopRequested) await this.stop(work, started, attempt, result);
    else if (attempt >= MAX_ATTEMPTS) await this.fail(work, started, attempt, result, loss);
    else {
      await this.giveUp(work, started, attempt, result, loss);
      return attempt + 1;
    }
    return undefined;
  }

  /** What readers have of an attempt, where it outlived its worker. */
  private async lastText({ lease }: GenerationWork, attempt: number): Promise<string> {
    const chunks = await this.live.kept(lease, 0).catch(() => []);
    return chunks.filter((chunk) => chunk.attempt === attempt).map(({ text }) => text).join('');
  }

  private async attempts(work: GenerationWork, started: Started, first: number): Promise<void> {
    const beganAt = performance.now();
    const prompt = await (work.start?.prompt ?? this.prompts.assemble(started)).catch((error: unknown) => {
      log.error('prompt.failed', { replyId: work.lease.replyId, error: error as Error });
      return null;
    });
    const provider = this.providers.get(started.data.provider);
    if (!provider || !prompt) return this.fail(work, started, first - 1, NOTHING, provider ? failed('internal') : failed('provider-unavailable', 'unknown provider'));

    for (let attempt = first; !work.signal.aborted; attempt++) {
      const result = await this.attempt(work, started, attempt, provider, prompt);
      const retryMs = this.retryIn(result, attempt, performance.now() - beganAt);
      if (retryMs === undefined || work.signal.aborted) {
        await failpoint('s9.before_complete');
        await this.settle(work, started, attempt, result);
        await failpoint('s9.after_complete');
        return;
      }
      await this.giveUp(work, started, attempt, result, failureOf(result)!);
      await delay(retryMs, undefined, { signal: work.signal }).catch(() => undefined);
    }
  }

  private async attempt(work: GenerationWork, started: Started, attempt: number, provider: Provider, prompt: AssembledPrompt): Promise<CallResult> {
    const { replyId } = work.lease;
    const { workerId, generationTimeoutMs } = this.settings;
    work.progress = { promptCharacters: prompt.characters, textCharacters: 0 };
    const data = { replyId, attempt, workerId, promptHash: prompt.hash, messages: prompt.request.messages.length };
    // The worker is in the id: of two that start the same attempt, one must not take the other's answer for its own.
    await failpoint('s6.before_attempt');
    await this.commands.send(started, `start-attempt/${attempt}/${workerId}`, (meta) => new StartAttempt(data, meta), work.signal);

    await failpoint('s6.after_attempt');
    const chunks = new ChunkWriter(this.live, work.lease, attempt);
    const result = await callProvider(provider, prompt.request, {
      promptCharacters: prompt.characters,
      timeoutMs: generationTimeoutMs,
      signal: work.signal,
      onText: (text) => {
        work.progress = { ...work.progress, textCharacters: work.progress.textCharacters + text.length };
        chunks.write(text);
      },
    });
    await chunks.flush();
    await failpoint('s7.after_call');
    return result;
  }

  /** @returns after how long another attempt may follow; undefined: none */
  private retryIn(result: CallResult, attempt: number, spentMs: number): number | undefined {
    const failure = failureOf(result);
    if (!failure?.isRetryable || result.firstTokenMs !== null || attempt >= MAX_ATTEMPTS) return undefined;
    const waitMs = failure.retryAfterMs ?? RETRY_WAIT_MS * 2 ** (attempt - 1);
    return spentMs + waitMs <= this.settings.retryBudgetMs ? waitMs : undefined;
  }

  private async settle(work: GenerationWork, started: Started, attempt: number, result: CallResult): Promise<void> {
    if (result.end && 'finishReason' in result.end) {
      const data = { ...this.resultOf(started, attempt, result), finishReason: result.end.finishReason };
      return this.commands.send(started, `settle/${attempt}`, (meta) => new CompleteGeneration(data, meta), work.abandoned);
    }
    if (work.end === 'stop') return this.stop(work, started, attempt, result);
    const failure = failureOf(result);
    if (failure) return this.fail(work, started, attempt, result, failure);
  }

  private stop(work: GenerationWork, started: Started, attempt: number, result: Figures): Promise<void> {
    const data = this.resultOf(started, attempt, result);
    return this.commands.send(started, `settle/${attempt}`, (meta) => new StopGeneration(data, meta), work.abandoned);
  }

  private fail(work: GenerationWork, started: Started, attempt: number, result: Figures, { failureReason, providerError }: CallFailure): Promise<void> {
    const data = { ...this.resultOf(started, attempt, result), failureReason, providerError };
    return this.commands.send(started, `settle/${attempt}`, (meta) => new FailGeneration(data, meta), work.abandoned);
  }

  private giveUp(work: GenerationWork, started: Started, attempt: number, { usage }: Figures, { failureReason, providerError }: CallFailure): Promise<void> {
    const data = { replyId: started.data.replyId, attempt, failureReason, providerError, ...this.charged(started, usage) };
    return this.commands.send(started, `fail-attempt/${attempt}`, (meta) => new FailAttempt(data, meta), work.abandoned);
  }

  private resultOf(started: Started, attempt: number, { text, usage, providerUsage, firstTokenMs, latencyMs }: Figures) {
    return { replyId: started.data.replyId, attempt, text, providerUsage, firstTokenMs, latencyMs, ...this.charged(started, usage) };
  }

  private charged({ data: { provider, model, startedAt } }: Started, usage: TokenUsage) {
    return { usage, ...this.prices.costOf(provider, model, startedAt, usage) };
  }
}

const failureOf = ({ end }: CallResult): CallFailure | undefined => (end && 'failure' in end ? end.failure : undefined);
