import { type ProposedFact, StoreBusy } from './event-store.js';

/** Most text that waits: the number of appends alone would not bound our memory. */
const CHARACTERS = 64 * 2 ** 20;

/** Counts the appends that wait, and turns away the one too many. */
export class WaitingRoom {
  private count = 0;
  private characters = 0;
  private emptied = Promise.withResolvers<void>();
  /** How long the last one waited. */
  private stayMs = 0;

  constructor(private readonly max: number) {}

  /** @returns to be called when the wait is over. @throws StoreBusy instead of letting more wait than memory should hold */
  enter(facts: readonly ProposedFact[]): () => void {
    const characters = facts.reduce((sum, { data, meta }) => sum + data.length + meta.length, 0);
    if (this.count >= this.max || (this.count > 0 && this.characters + characters > CHARACTERS)) {
      throw new StoreBusy({ retryAfterMs: Math.min(5_000, Math.max(100, Math.ceil(this.stayMs))) });
    }
    this.count += 1;
    this.characters += characters;
    const entered = performance.now();
    return () => {
      this.count -= 1;
      this.characters -= characters;
      this.stayMs = performance.now() - entered;
      if (this.count > 0) return;
      this.emptied.resolve();
      this.emptied = Promise.withResolvers<void>();
    };
  }

  /** Settles when nobody waits. */
  async empty(): Promise<void> {
    while (this.count > 0) await this.emptied.promise;
  }
}
