import { Bell } from '../event-store/bell.js';
import { type Chunk, LiveChunks, type ReplyKey } from './live-chunks.js';

export interface MemoryLiveChunksOptions {
  /** How long a reply is kept after its end, or after its last chunk if no end comes. Default 10 minutes. */
  readonly keepMs?: number;
  /** Most memory of all replies together, in bytes, about. Beyond it the replies that were quiet longest lose their chunks. Default 64 MiB. */
  readonly maxBytes?: number;
}

/** One reply's chunks of its latest attempt. */
interface Entry {
  chunks: Chunk[];
  bytes: number;
  /** Sequence of the last chunk that ever came; -1 before the first. */
  last: number;
  attempt: number;
  isEnded: boolean;
  /** When it last changed, in milliseconds of a clock that only goes forward. */
  changedAt: number;
  readers: number;
  readonly bell: Bell;
}

/** What a chunk costs beside its text. */
const CHUNK_BYTES = 100;

/** Live chunks within one process. Gone when it ends: a reader then gets the reply from where it is stored. */
export class MemoryLiveChunks extends LiveChunks {
  /** In the order of their last change. */
  private readonly entries = new Map<string, Entry>();
  private readonly keepMs: number;
  private readonly maxBytes: number;
  private readonly sweeping: NodeJS.Timeout;
  private bytes = 0;

  constructor({ keepMs = 600_000, maxBytes = 64 * 1024 * 1024 }: MemoryLiveChunksOptions = {}) {
    super();
    this.keepMs = keepMs;
    this.maxBytes = maxBytes;
    this.sweeping = setInterval(() => this.sweep(), Math.min(keepMs, 10_000)).unref();
  }

  async publish(key: ReplyKey, chunks: readonly Chunk[]): Promise<void> {
    const entry = this.touch(key);
    if (entry.isEnded) return;
    for (const chunk of chunks) this.add(entry, chunk);
    entry.bell.ring();
    if (this.bytes > this.maxBytes) this.makeRoom(entry);
  }

  async end(key: ReplyKey): Promise<void> {
    const entry = this.touch(key);
    entry.isEnded = true;
    entry.bell.ring();
  }

  async *follow(key: ReplyKey, fromSequence: number, signal: AbortSignal): AsyncGenerator<readonly Chunk[], void> {
    const entry = this.entryOf(key);
    entry.readers++;
    try {
      for (let next = fromSequence; !signal.aborted; ) {
        const news = entry.bell.heard(); // before looking: what comes while we yield must wake us
        const chunks = from(entry, next);
        if (chunks.length > 0) {
          next = chunks.at(-1)!.sequence + 1;
          yield chunks;
        } else if (entry.isEnded) return;
        else await heardOrAborted(news, signal);
      }
    } finally {
      entry.readers--;
      if (entry.readers === 0 && entry.last < 0 && !entry.isEnded) this.remove(nameOf(key));
    }
  }

  async kept(key: ReplyKey, fromSequence: number): Promise<readonly Chunk[]> {
    const entry = this.entries.get(nameOf(key));
    return entry ? from(entry, fromSequence) : [];
  }

  async forget(key: ReplyKey): Promise<void> {
    const entry = this.touch(key);
    this.empty(entry);
    entry.isEnded = true;
    entry.bell.ring();
  }

  async close(): Promise<void> {
    clearInterval(this.sweeping);
    for (const entry of this.entries.values()) {
      entry.isEnded = true;
      entry.bell.ring();
    }
  }

  private entryOf(key: ReplyKey): Entry {
    const name = nameOf(key);
    let entry = this.entries.get(name);
    if (!entry) {
      entry = { chunks: [], bytes: 0, last: -1, attempt: 0, isEnded: false, changedAt: performance.now(), readers: 0, bell: new Bell() };
      this.entries.set(name, entry);
    }
    return entry;
  }

  /** The entry, now the one that changed last. */
  private touch(key: ReplyKey): Entry {
    const entry = this.entryOf(key);
    entry.changedAt = performance.now();
    const name = nameOf(key);
    this.entries.delete(name);
    this.entries.set(name, entry);
    return entry;
  }

  private add(entry: Entry, chunk: Chunk): void {
    if (chunk.sequence <= entry.last || chunk.attempt < entry.attempt) return;
    if (chunk.attempt > entry.attempt) this.empty(entry);
    const bytes = chunk.text.length * 2 + CHUNK_BYTES;
    entry.chunks.push(chunk);
    entry.attempt = chunk.attempt;
    entry.last = chunk.sequence;
    entry.bytes += bytes;
    this.bytes += bytes;
  }

  private empty(entry: Entry): void {
    this.bytes -= entry.bytes;
    entry.bytes = 0;
    entry.chunks = [];
  }

  private remove(name: string): void {
    const entry = this.entries.get(name);
    if (entry) this.empty(entry);
    this.entries.delete(name);
  }

  /** Those that have ended go first; the one that grows goes last. An eighth is freed at once, so that not every chunk looks at all replies. */
  private makeRoom(growing: Entry): void {
    const enough = this.maxBytes * (7 / 8);
    for (const isEnded of [true, false]) {
      for (const entry of this.entries.values()) {
        if (this.bytes <= enough) return;
        if (entry.isEnded === isEnded && entry !== growing) this.empty(entry);
      }
    }
    if (this.bytes > this.maxBytes) this.empty(growing);
  }

  private sweep(): void {
    const before = performance.now() - this.keepMs;
    for (const [name, entry] of this.entries) {
      if (entry.changedAt > before) return;
      if (entry.readers === 0) this.remove(name);
      else this.empty(entry);
    }
  }
}

const nameOf = ({ tenantId, replyId }: ReplyKey) => `${tenantId}.${replyId}`;

function from({ chunks, last }: Entry, sequence: number): readonly Chunk[] {
  if (sequence > last) return []; // most often: a reader that has had everything
  return chunks.slice(chunks.findLastIndex((chunk) => chunk.sequence < sequence) + 1);
}

async function heardOrAborted(news: Promise<void>, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const wake = () => resolve();
  signal.addEventListener('abort', wake);
  void news.then(wake);
  await promise;
  signal.removeEventListener('abort', wake);
}
