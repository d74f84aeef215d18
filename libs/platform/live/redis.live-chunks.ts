import { setTimeout as delay } from 'node:timers/promises';
import type { ChunkReader } from './chunk-reader.js';
import { type Chunk, firstSequence, LiveChunks, type ReplyKey } from './live-chunks.js';
import { attemptOf, Mirror } from './mirror.js';
import { isRefusal, RedisConnection } from './redis.connection.js';

export interface RedisLiveChunksOptions {
  /** How long a reply is kept after its last chunk or its end. Default 10 minutes. */
  readonly keepMs?: number;
  /** Most chunks of one reply that are kept, about; and most that a process holds for those who watch. Default 10,000. */
  readonly mostChunks?: number;
}

/** How long the reader waits for something to come; less than a connection may be silent. */
const BLOCK_MS = 1_000;
/** The reader's pause: what comes meanwhile is read at once, for all replies together. */
const PAUSE_MS = 2;
const RETRY_MS = 50;

/** The last entry of a stream: no id is higher, so that Redis itself refuses what comes after. */
const END = `${Number.MAX_SAFE_INTEGER}-0`;

/** An entry as ioredis gives it: id, then names and values in turn. */
type Entry = [id: string, fields: string[]];

/**
 * Live chunks across processes: a Redis stream a reply. A chunk's sequence is its entry's id, so that Redis itself refuses what is there
 * already, what comes from a replaced attempt, and what comes after the end. Streams are capped, and expire.
 */
export class RedisLiveChunks extends LiveChunks {
  private readonly connection: RedisConnection;
  private readonly keepMs: number;
  private readonly mostChunks: number;
  /** What is watched in this process, by the stream's key. */
  private readonly mirrors = new Map<string, Mirror>();
  /** A stream of our own that the reader reads beside the others: so it hears of a reply that is watched from now on. */
  private readonly doorbell = `parley:live:doorbell:${crypto.randomUUID()}`;
  private reading: Promise<void> | undefined;
  private isClosed = false;

  /** @param url see RedisConnection */
  constructor(url: string, { keepMs = 600_000, mostChunks = 10_000 }: RedisLiveChunksOptions = {}) {
    super();
    this.connection = new RedisConnection(url);
    this.keepMs = keepMs;
    this.mostChunks = mostChunks;
  }

  async publish(key: ReplyKey, chunks: readonly Chunk[]): Promise<void> {
    const last = chunks.at(-1);
    if (!last) return;
    const stream = streamOf(key);
    await this.connection.ask((redis) =>
      all([
        ...chunks.map(({ sequence, text }) => redis.xadd(stream, 'MAXLEN', '~', this.mostChunks, idOf(sequence), 'text', text).catch(unlessThere)),
        ...(last.attempt > 1 ? [redis.xtrim(stream, 'MINID', idOf(firstSequence(last.attempt)))] : []),
        redis.pexpire(stream, this.keepMs),
      ]),
    );
  }

  async end(key: ReplyKey): Promise<void> {
    await this.connection.ask((redis) => all([redis.xadd(streamOf(key), END, 'end', '').catch(unlessThere), redis.pexpire(streamOf(key), this.keepMs)]));
  }

  read(key: ReplyKey, fromSequence: number, heard: () => void): ChunkReader {
    const stream = streamOf(key);
    const mirror = this.mirrors.get(stream) ?? this.mirror(stream);
    return mirror.read(fromSequence, heard, () => {
      if (!mirror.isWatched && this.mirrors.get(stream) === mirror) this.mirrors.delete(stream);
    });
  }

  async kept(key: ReplyKey, fromSequence: number): Promise<readonly Chunk[]> {
    const entries = await this.connection.ask((redis) => redis.xrange(streamOf(key), idOf(fromSequence), '+'));
    return chunksOf(entries);
  }

  async forget(key: ReplyKey): Promise<void> {
    const stream = streamOf(key);
    // In one step: between the two, somebody could publish to it anew.
    await this.connection.ask((redis) => redis.multi().del(stream).xadd(stream, END, 'forgotten', '').pexpire(stream, this.keepMs).exec());
  }

  async close(): Promise<void> {
    this.isClosed = true;
    for (const mirror of this.mirrors.values()) mirror.end();
    this.connection.close();
    await this.reading;
  }

  override isUp(): Promise<boolean> {
    return this.connection.isUp();
  }

  /** What is there is asked for at once, on the connection that we publish by: so a reader sees what this process publishes hereafter. */
  private mirror(stream: string): Mirror {
    const mirror = new Mirror(this.mostChunks);
    this.mirrors.set(stream, mirror);
    if (this.isClosed) mirror.end();
    else {
      const { redis } = this.connection;
      redis.xrange(stream, '-', '+').then((entries) => take(mirror, entries)).catch(() => undefined); // else the reader brings it
      this.reading ??= this.listen();
      redis.xadd(this.doorbell, 'MAXLEN', 1, '*', 'ring', '').then(() => redis.pexpire(this.doorbell, 60_000)).catch(() => undefined);
    }
    return mirror;
  }

  /** One connection reads all that is watched here, until the end of this process. */
  private async listen(): Promise<void> {
    const redis = this.connection.blocking();
    let heard = '0-0';
    while (!this.isClosed) {
      try {
        const watched = [...this.mirrors].filter(([, { isEnded }]) => !isEnded);
        const after = watched.map(([, { last }]) => (last < 0 ? '0-0' : idOf(last)));
        const keys = [this.doorbell, ...watched.map(([stream]) => stream)];
        const news = await redis.xread('COUNT', 1_000, 'BLOCK', BLOCK_MS, 'STREAMS', ...keys, heard, ...after);
        for (const [stream, entries] of news ?? []) {
          if (stream === this.doorbell) heard = entries.at(-1)![0];
          else take(this.mirrors.get(stream), entries);
        }
        await delay(PAUSE_MS);
      } catch (error) {
        heard = '0-0'; // a server that was emptied rings from the beginning
        await delay(isRefusal(error) ? BLOCK_MS : RETRY_MS);
      }
    }
  }
}

const streamOf = ({ tenantId, replyId }: ReplyKey) => `parley:live:${tenantId}.${replyId}`;

/** Redis has no entry 0-0. */
const idOf = (sequence: number) => `${sequence + 1}-0`;

function take(mirror: Mirror | undefined, entries: readonly Entry[]): void {
  mirror?.take(chunksOf(entries));
  const [, fields] = entries.find(([id]) => id === END) ?? [];
  if (fields) mirror?.end(fields[0] === 'forgotten');
}

function chunksOf(entries: readonly Entry[]): readonly Chunk[] {
  return entries.flatMap(([id, [, text]]) => {
    const sequence = Number.parseInt(id, 10) - 1;
    return id === END ? [] : [{ attempt: attemptOf(sequence), sequence, text: text! }];
  });
}

/** An id that is not higher than the last: what is there already, or may not come any more. */
function unlessThere(error: Error): null {
  if (error.message.includes('equal or smaller')) return null;
  throw error;
}

/** All are awaited, whichever fails: none is left to fail unheard. */
async function all(commands: readonly Promise<unknown>[]): Promise<void> {
  const failed = (await Promise.allSettled(commands)).find((each) => each.status === 'rejected');
  if (failed) throw failed.reason;
}
