import { defineError } from '@parley/kernel/domain-error.js';

export class TimeTravelBusy extends defineError('TIME_TRAVEL_BUSY', 'limit', 'Too many look back at the same time.', 'Ask again after `details.retryAfterMs`.') {}

/** So many may wait; one more would only wait too. */
const WAITING_MAX = 32;

/** Lets a few in at a time; the others wait in a line that has an end. */
export class Turns {
  private free: number;
  private readonly waiting: (() => void)[] = [];

  constructor(atOnce: number) {
    this.free = atOnce;
  }

  /** @throws TimeTravelBusy */
  async take<R>(work: () => Promise<R>): Promise<R> {
    if (this.free > 0) this.free--;
    else {
      if (this.waiting.length >= WAITING_MAX) throw new TimeTravelBusy({ retryAfterMs: 2_000 });
      await new Promise<void>((resolve) => this.waiting.push(resolve)); // whoever ends hands their place on
    }
    try {
      return await work();
    } finally {
      const next = this.waiting.shift();
      if (next) next();
      else this.free++;
    }
  }
}
