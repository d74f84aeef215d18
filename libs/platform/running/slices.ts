import { setImmediate as nextTurn } from 'node:timers/promises';

/** For how long work on many things keeps the rest of the process waiting, in one piece. */
const SLICE_MS = 2;

/** Items between two looks at the clock. */
const FEW = 16;

/** Who gives way may wait for so much of its time, saved up for so long. */
const SHARE = 0.5;
const SAVED_MS = 50;

/** When the present slice is over: one for all who work in slices, so that together they take no more than one. */
let isOverAt = 0;
let line: Promise<void> = Promise.resolve();

/** Work that people wait for. */
let urgent = 0;
let calm = Promise.withResolvers<void>();

/** Runs work that people wait for: others give way to it. */
export async function urgently<Result>(work: () => Promise<Result>): Promise<Result> {
  urgent++;
  try {
    return await work();
  } finally {
    if (--urgent === 0) {
      calm.resolve();
      calm = Promise.withResolvers();
    }
  }
}

/** How work on many things is done in the midst of other work of the process: a slice at a time. */
export class Slices {
  private readonly credit: Credit | undefined;

  /** @param givesWay it also waits while anything urgent is under way, for a third of its time at most */
  constructor({ givesWay = false } = {}) {
    this.credit = givesWay ? new Credit() : undefined;
  }

  /** Goes on when whatever else is to be done in this process has had its turn; at once while the present slice lasts. */
  async breathe(): Promise<void> {
    if (urgent > 0) await this.credit?.spend(calm.promise);
    if (performance.now() < isOverAt) return;
    line = line.then(() => nextTurn());
    await line;
    isOverAt = performance.now() + SLICE_MS;
  }

  /** The items in their order, a few at a time. */
  async *of<Item>(items: readonly Item[]): AsyncGenerator<readonly Item[], void> {
    for (let from = 0; from < items.length; from += FEW) {
      await this.breathe();
      yield items.slice(from, from + FEW);
    }
  }
}

/** Time to wait, which working earns. */
class Credit {
  private ms = 0;
  private since = performance.now();

  /** Waits until that is settled, or the credit is spent. */
  async spend(until: Promise<void>): Promise<void> {
    const start = performance.now();
    this.ms = Math.min(SAVED_MS, this.ms + (start - this.since) * SHARE);
    this.since = start;
    if (this.ms < 1) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, this.ms);
    await Promise.race([until, promise]);
    clearTimeout(timer);
    this.since = performance.now();
    this.ms -= this.since - start;
  }
}
