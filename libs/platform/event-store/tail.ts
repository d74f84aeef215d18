import type { StoredFact } from './event-store.js';

/** How much of the log's end is kept. */
const FACTS = 1_024;
const CHARACTERS = 8 * 2 ** 20;

/**
 * The end of the log, as far as this process wrote it: those who follow the log closely are served from memory.
 *
 * It is exact because positions have no holes. What others wrote is told by `others`; from then on the tail does not answer until
 * we have written anew after them.
 */
export class Tail {
  private facts: StoredFact[] = [];
  private characters = 0;
  private known = 0n;

  /** @param facts ours, with the positions after `head` */
  wrote(head: bigint, facts: readonly StoredFact[]): void {
    if (this.facts.at(-1)?.position !== head) this.forget();
    for (const fact of facts) {
      this.facts.push(fact);
      this.characters += sizeOf(fact);
    }
    let dropped = 0;
    while (this.facts.length - dropped > FACTS || this.characters > CHARACTERS) this.characters -= sizeOf(this.facts[dropped++]!);
    this.facts.splice(0, dropped);
  }

  /** Someone wrote as far as this position. @returns whether that is news to us */
  others(position: bigint): boolean {
    if (position <= this.known || position <= (this.facts.at(-1)?.position ?? 0n)) return false;
    this.known = position;
    return true;
  }

  forget(): void {
    this.facts = [];
    this.characters = 0;
  }

  /** @returns undefined when only the store knows */
  after(position: bigint, limit: number): readonly StoredFact[] | undefined {
    const [first, last] = [this.facts[0], this.facts.at(-1)];
    if (!first || position + 1n < first.position || position >= last!.position || this.known > last!.position) return undefined;
    const from = Number(position + 1n - first.position);
    return this.facts.slice(from, from + limit);
  }
}

const sizeOf = ({ data, meta }: StoredFact): number => data.length + meta.length;
