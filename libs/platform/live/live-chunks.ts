import { Bell } from '../event-store/bell.js';
import type { Chunk, ChunkReader } from './chunk-reader.js';

export type { Chunk };

/** Which reply: its tenant is part of the name, so that no reader reaches another's. */
export interface ReplyKey {
  readonly tenantId: string;
  readonly replyId: string;
}

/** Attempts are this far apart, so that one number tells a returning reader's place, whatever became of the attempt it saw. */
export const ATTEMPT_STRIDE = 1_000_000;
export const firstSequence = (attempt: number) => (attempt - 1) * ATTEMPT_STRIDE;

/** The way of a reply's text from the worker to those who watch: bounded, resumable, forgotten. */
export abstract class LiveChunks {
  /**
   * A chunk that is there already (same sequence) is dropped, and so is what comes after the end, or from an attempt that another
   * has replaced: a worker that was taken for dead cannot speak into its successor's text.
   */
  abstract publish(key: ReplyKey, chunks: readonly Chunk[]): Promise<void>;

  /** No more chunks will come. Kept for late readers for a while, then forgotten. */
  abstract end(key: ReplyKey): Promise<void>;

  /**
   * Chunks from `fromSequence` on: first those that are kept, then those that come, each once and in order, up to `end`. A reply that
   * nobody knows (yet) is waited for. What is no longer kept is missing: a sequence that neither follows the one before nor begins an
   * attempt tells so. Many may read one reply: what is there is taken at once, by whoever is ready for it.
   *
   * @param heard see ChunkReader
   */
  abstract read(key: ReplyKey, fromSequence: number, heard: () => void): ChunkReader;

  /** What `read` reads, one after another. Ends with the reply, or when aborted. */
  async *follow(key: ReplyKey, fromSequence: number, signal: AbortSignal): AsyncGenerator<readonly Chunk[], void> {
    const bell = new Bell();
    const wake = () => bell.ring();
    const reader = this.read(key, fromSequence, wake);
    signal.addEventListener('abort', wake);
    try {
      while (!signal.aborted) {
        const news = bell.heard(); // before looking: what comes while we yield must wake us
        const chunks = reader.take();
        if (chunks.length > 0) yield chunks;
        else if (reader.isEnded) return;
        else await news;
      }
    } finally {
      signal.removeEventListener('abort', wake);
      reader.close();
    }
  }

  /** The chunks that are kept now, from `fromSequence` on. */
  abstract kept(key: ReplyKey, fromSequence: number): Promise<readonly Chunk[]>;

  /** Forgets a reply at once, e.g. when its person is erased. Its readers end; what is still published to it is dropped. */
  abstract forget(key: ReplyKey): Promise<void>;

  /** Whether chunks can be published and read at present. */
  async isUp(): Promise<boolean> {
    return true;
  }

  abstract close(): Promise<void>;
}
