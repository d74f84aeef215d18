import { ChunkReader } from './chunk-reader.js';
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
  readonly readers: Set<ChunkReader>;
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
    ring(entry);
    if (this.bytes > this.maxBytes) this.makeRoom(entry);
  }

  async end(key: ReplyKey): Promise<void> {
    const entry = this.touch(key);
    entry.isEnded = true;
    ring(entry);
  }

  read(key: ReplyKey, fromSequence: number, heard: () => void): ChunkReader {
    const entry = this.entryOf(key);
    const reader = new ChunkReader(entry, fromSequence, heard, () => {
      entry.readers.delete(reader);
      if (entry.readers.size === 0 && entry.last < 0 && !entry.isEnded) this.remove(nameOf(key));
    });
    entry.readers.add(reader);
    return reader;
  }

  async kept(key: ReplyKey, fromSequence: number): Promise<readonly Chunk[]> {
    const entry = this.entries.get(nameOf(key));
    return entry ? new ChunkReader(entry, fromSequence, () => undefined, () => undefined).take() : [];
  }

  async forget(key: ReplyKey): Promise<void> {
    const entry = this.touch(key);
    this.empty(entry);
    entry.isEnded = true;
    ring(entry);
  }

  async close(): Promise<void> {
    clearInterval(this.sweeping);
    for (const entry of this.entries.values()) {
      entry.isEnded = true;
      ring(entry);
    }
  }

  private entryOf(key: ReplyKey): Entry {
    const name = nameOf(key);
    let entry = this.entries.get(name);
    if (!entry) {
      entry = { chunks: [], bytes: 0, last: -1, attempt: 0, isEnded: false, changedAt: performance.now(), readers: new Set() };
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
      if (entry.readers.size === 0) this.remove(name);
      else this.empty(entry);
    }
  }
}

const nameOf = ({ tenantId, replyId }: ReplyKey) => `${tenantId}.${replyId}`;

const ring = ({ readers }: Entry) => readers.forEach(({ heard }) => heard());
