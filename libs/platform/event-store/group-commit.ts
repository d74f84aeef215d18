import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Appended, type ProposedFact, StoreBusy } from './event-store.js';

/** Most appends, and about how much text, in one transaction. */
const GROUP_SIZE = 256;
const GROUP_CHARACTERS = 4 * 2 ** 20;

/** Most text that waits: the number of appends alone would not bound our memory. */
const WAITING_CHARACTERS = 64 * 2 ** 20;

export interface Append {
  readonly stream: string;
  readonly expected: bigint;
  readonly facts: readonly ProposedFact[];
  readonly done: PromiseWithResolvers<Appended>;
}

/**
 * Lets appends that wait at the same time share one transaction: one round trip and one flush to disk for all of them.
 *
 * @param commit writes a group, in which each stream is once, and settles each append of it
 * @param waitingMax most appends that wait, those being written included
 */
export class GroupCommit {
  private waiting: Append[] = [];
  private committing: Promise<void> | undefined;
  private count = 0;
  private characters = 0;
  private groupMs = 0;

  constructor(private readonly commit: (group: readonly Append[]) => Promise<void>, private readonly waitingMax: number) {}

  /** @throws StoreBusy instead of letting more wait than memory should hold */
  add(append: Append): void {
    const characters = sizeOf(append);
    if (this.count >= this.waitingMax || (this.count > 0 && this.characters + characters > WAITING_CHARACTERS)) {
      throw new StoreBusy({ retryAfterMs: this.retryAfterMs() });
    }
    this.count += 1;
    this.characters += characters;
    this.waiting.push(append);
    this.committing ??= this.commitAll();
  }

  /** Settles when nothing waits any more. */
  async idle(): Promise<void> {
    while (this.committing) await this.committing;
  }

  private async commitAll(): Promise<void> {
    while (this.waiting.length > 0) {
      await nextTurn(); // those who were just answered may have their next append ready: larger groups, fewer flushes
      const group = this.nextGroup();
      const start = performance.now();
      await this.commit(group);
      this.groupMs = performance.now() - start;
      this.count -= group.length;
      this.characters -= group.reduce((sum, append) => sum + sizeOf(append), 0);
    }
    this.committing = undefined;
  }

  /** The oldest appends, one for each stream: the second of a stream is answered after the first is written. */
  private nextGroup(): readonly Append[] {
    const streams = new Set<string>();
    const group: Append[] = [];
    const rest: Append[] = [];
    let characters = 0;
    for (const append of this.waiting) {
      const isRoom = group.length === 0 || (group.length < GROUP_SIZE && characters + sizeOf(append) <= GROUP_CHARACTERS);
      const fits = isRoom && !streams.has(append.stream);
      (fits ? group : rest).push(append);
      if (fits) characters += sizeOf(append);
      streams.add(append.stream);
    }
    this.waiting = rest;
    return group;
  }

  /** About how long it takes to write what waits now. */
  private retryAfterMs(): number {
    return Math.min(5_000, Math.max(100, Math.ceil((this.count / GROUP_SIZE) * this.groupMs)));
  }
}

const sizeOf = ({ facts }: Append): number => facts.reduce((sum, { data, meta }) => sum + data.length + meta.length, 0);
