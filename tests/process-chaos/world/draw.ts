import { SeededRandom } from '@parley/platform/random/random.js';

/** Chance, the same for the same seed. */
export class Draw {
  private readonly random: SeededRandom;

  constructor(readonly seed: string) {
    this.random = new SeededRandom(seed);
  }

  /** A whole number from `from` to `to`, both included. */
  between(from: number, to: number): number {
    return from + (this.random.bytes(4).readUInt32BE() % (to - from + 1));
  }

  pick<Item>(items: readonly Item[]): Item {
    return items[this.between(0, items.length - 1)]!;
  }

  /** The same items in another order. */
  shuffled<Item>(items: readonly Item[]): Item[] {
    const rest = [...items];
    return items.map(() => rest.splice(this.between(0, rest.length - 1), 1)[0]!);
  }
}
