import { Bell } from '../event-store/bell.js';
import { type Chunk, firstSequence } from './live-chunks.js';

/** What this process has seen of a reply that someone here watches: read once from afar, however many watch. */
export class Mirror {
  /** Those who watch. */
  readers = 0;
  isEnded = false;
  private readonly bell = new Bell();
  private chunks: Chunk[] = [];

  /** @param mostChunks beyond them the oldest are let go: a reader that is slower than that sees a gap */
  constructor(private readonly mostChunks: number) {}

  /** The sequence after the last that was seen; 0 before the first. */
  get next(): number {
    const last = this.chunks.at(-1);
    return last ? last.sequence + 1 : 0;
  }

  take(chunks: readonly Chunk[]): void {
    for (const chunk of chunks) {
      if (this.isEnded || chunk.sequence < this.next) continue;
      if (this.chunks.length > 0 && chunk.attempt > this.chunks.at(-1)!.attempt) this.chunks = [];
      this.chunks.push(chunk);
    }
    if (this.chunks.length > this.mostChunks) this.chunks.splice(0, this.chunks.length - this.mostChunks);
    this.bell.ring();
  }

  /** @param isForgotten nothing of it is shown any more */
  end(isForgotten = false): void {
    if (isForgotten) this.chunks = [];
    this.isEnded = true;
    this.bell.ring();
  }

  async *follow(fromSequence: number, signal: AbortSignal): AsyncGenerator<readonly Chunk[], void> {
    for (let next = fromSequence; !signal.aborted; ) {
      const news = this.bell.heard(); // before looking: what comes while we yield must wake us
      const chunks = this.from(next);
      if (chunks.length > 0) {
        next = chunks.at(-1)!.sequence + 1;
        yield chunks;
      } else if (this.isEnded) return;
      else await heardOrAborted(news, signal);
    }
  }

  private from(sequence: number): readonly Chunk[] {
    if (sequence >= this.next) return []; // most often: a reader that has had everything
    return this.chunks.slice(this.chunks.findLastIndex((chunk) => chunk.sequence < sequence) + 1);
  }
}

/** @see firstSequence */
export const attemptOf = (sequence: number): number => Math.floor(sequence / firstSequence(2)) + 1;

async function heardOrAborted(news: Promise<void>, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const wake = () => resolve();
  signal.addEventListener('abort', wake);
  void news.then(wake);
  await promise;
  signal.removeEventListener('abort', wake);
}
