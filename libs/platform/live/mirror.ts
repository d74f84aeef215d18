import { ChunkReader, type Kept } from './chunk-reader.js';
import { type Chunk, firstSequence } from './live-chunks.js';

/** What this process has seen of a reply that someone here watches: read once from afar, however many watch. */
export class Mirror implements Kept {
  isEnded = false;
  chunks: Chunk[] = [];
  private readonly readers = new Set<ChunkReader>();

  /** @param mostChunks beyond them the oldest are let go: a reader that is slower than that sees a gap */
  constructor(private readonly mostChunks: number) {}

  get last(): number {
    return this.chunks.at(-1)?.sequence ?? -1;
  }

  get isWatched(): boolean {
    return this.readers.size > 0;
  }

  take(chunks: readonly Chunk[]): void {
    for (const chunk of chunks) {
      if (this.isEnded || chunk.sequence <= this.last) continue;
      if (this.chunks.length > 0 && chunk.attempt > this.chunks.at(-1)!.attempt) this.chunks = [];
      this.chunks.push(chunk);
    }
    if (this.chunks.length > this.mostChunks) this.chunks.splice(0, this.chunks.length - this.mostChunks);
    this.ring();
  }

  /** @param isForgotten nothing of it is shown any more */
  end(isForgotten = false): void {
    if (isForgotten) this.chunks = [];
    this.isEnded = true;
    this.ring();
  }

  /** @param left called when the reader has gone */
  read(fromSequence: number, heard: () => void, left: () => void): ChunkReader {
    const reader = new ChunkReader(this, fromSequence, heard, () => {
      if (this.readers.delete(reader)) left();
    });
    this.readers.add(reader);
    return reader;
  }

  private ring(): void {
    for (const { heard } of this.readers) heard();
  }
}

/** @see firstSequence */
export const attemptOf = (sequence: number): number => Math.floor(sequence / firstSequence(2)) + 1;
