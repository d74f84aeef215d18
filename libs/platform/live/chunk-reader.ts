/** A piece of a reply's text. Not a fact: gone some time after the reply is settled. */
export interface Chunk {
  /** 1, 2, 3 …: a new attempt starts the text anew. */
  readonly attempt: number;
  /** Rises through the whole reply; consecutive within an attempt, which begins at `firstSequence(attempt)`. */
  readonly sequence: number;
  readonly text: string;
}

/** Chunks as they lie in this process. */
export interface Kept {
  readonly chunks: readonly Chunk[];
  /** Sequence of the last one that ever came; -1 before the first. */
  readonly last: number;
  readonly isEnded: boolean;
}

const NOTHING: readonly Chunk[] = [];

/** One reader's place in a reply. */
export class ChunkReader {
  /**
   * @param next the first sequence that it wants
   * @param heard called when there is something to take, or the end; must not throw
   * @param close lets the reply go: nothing is called any more
   */
  constructor(private readonly kept: Kept, private next: number, readonly heard: () => void, readonly close: () => void) {}

  /** What came since the last time, in order. */
  take(): readonly Chunk[] {
    const { chunks, last } = this.kept;
    if (this.next > last) return NOTHING; // most often: it has had everything
    const news = chunks.slice(chunks.findLastIndex(({ sequence }) => sequence < this.next) + 1);
    this.next = last + 1;
    return news;
  }

  /** Whether nothing more will come. */
  get isEnded(): boolean {
    return this.kept.isEnded && this.next > this.kept.last;
  }
}
