import { failpoint } from '@parley/platform/failpoints/failpoints.js';
import { type Chunk, firstSequence, type LiveChunks, type ReplyKey } from '@parley/platform/live/live-chunks.js';
import { logger } from '@parley/platform/telemetry/logger.js';

/** How long text is gathered while more comes: a reader sees no difference, and a fast model makes fewer chunks. */
const GATHER_MS = 20;

const log = logger('runtime');

/**
 * Writes the text of one attempt to those who watch: at once when it has been quiet, else gathered for a moment.
 *
 * That live chunks cannot be written stops no generation: readers get the whole text at its end.
 */
export class ChunkWriter {
  private readonly begin: number;
  private count = 0;
  private gathered = '';
  private writtenAt = -Infinity;
  private timer: NodeJS.Timeout | undefined;
  private writing: Promise<void> = Promise.resolve();
  private hasFailed = false;

  constructor(private readonly live: LiveChunks, private readonly key: ReplyKey, private readonly attempt: number) {
    this.begin = firstSequence(attempt);
  }

  write(text: string): void {
    this.gathered += text;
    if (this.timer) return;
    const waitMs = this.writtenAt + GATHER_MS - performance.now();
    if (waitMs <= 0) this.publish();
    else this.timer = setTimeout(() => this.publish(), waitMs);
  }

  /** Settles when all that was written is with the readers. */
  async flush(): Promise<void> {
    this.publish(this.gathered.toWellFormed());
    await this.writing;
  }

  private publish(text = wholeOf(this.gathered)): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (text === '') return;
    this.writtenAt = performance.now();
    const chunk: Chunk = { attempt: this.attempt, sequence: this.begin + this.count++, text };
    this.gathered = this.gathered.slice(text.length);
    this.writing = this.writing.then(() => this.put(chunk)).catch((error: unknown) => this.failed(error));
  }

  private async put(chunk: Chunk): Promise<void> {
    await failpoint('s8.before_publish');
    await this.live.publish(this.key, [chunk]);
    await failpoint('s8.after_publish');
  }

  private failed(error: unknown): void {
    if (!this.hasFailed) log.warn('live-chunks.failed', { replyId: this.key.replyId, error: error as Error });
    this.hasFailed = true;
  }
}

/** Without the first half of a surrogate pair at its end: the other half is about to come, and alone neither can be sent. */
const wholeOf = (text: string) => (/[\ud800-\udbff]$/.test(text) ? text.slice(0, -1) : text);
