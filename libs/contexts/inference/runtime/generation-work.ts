import type { Lease, Progress, TakenLease } from './leases.js';
import type { AssembledPrompt } from './prompt-assembly.js';
import type { Started } from './generation-streams.js';

/** Why a worker is to end what it does. `stop`: a person wants no more. `lost`: another has the lease. `leave`: this worker stops. */
export type EndOfWork = 'stop' | 'lost' | 'leave';

/** A generation that this worker has under way. */
export class GenerationWork {
  /** How far it is; the lease carries it to whoever may have to take over. */
  progress: Progress = { promptCharacters: 0, textCharacters: 0 };
  private readonly ending = new AbortController();
  private readonly abandoning = new AbortController();

  /**
   * @param start the fact that began it, and its prompt, when it has just begun
   * @param dead the lease of the worker that died over it, when it is taken over
   */
  constructor(
    readonly lease: Lease,
    readonly start?: { readonly fact: Started; readonly prompt: Promise<AssembledPrompt | null> },
    readonly dead?: TakenLease,
  ) {}

  /** Ends the call of the provider. Its reason is an EndOfWork. */
  get signal(): AbortSignal {
    return this.ending.signal;
  }

  /** The generation is no longer ours: nothing more is to be said of it. A stop is ours to tell. */
  get abandoned(): AbortSignal {
    return this.abandoning.signal;
  }

  get end(): EndOfWork | undefined {
    return this.signal.reason as EndOfWork | undefined;
  }

  /** The first reason counts. */
  endBy(reason: EndOfWork): void {
    this.ending.abort(reason);
    if (reason !== 'stop') this.abandoning.abort();
  }
}
