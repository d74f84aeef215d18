import { LogFile } from './log-file.ts';
import type { Recorded } from './recorded.ts';

export type Proposed = Pick<Recorded, 'id' | 'type' | 'contentType' | 'data' | 'metadata'>;

/** What a writer says about the stream it writes to; a number is the revision of the last event. */
export type Expected = bigint | 'any' | 'no_stream' | 'stream_exists';

/** What became of a write. `current` is the revision of the last event, undefined when there is none. */
export type Outcome =
  | { readonly kind: 'written' | 'repeated'; readonly revision: bigint; readonly position: bigint }
  | { readonly kind: 'wrong expected version'; readonly current: bigint | undefined }
  | { readonly kind: 'deleted' };

/** Metadata of a stream that says which of its events are seen. */
interface Retention {
  readonly maxCount?: bigint;
  readonly maxAgeMs?: number;
  /** Events before this revision are not seen; DELETED when the stream was deleted and may come back. */
  readonly truncateBefore?: bigint;
}

/** The revision that stands for "deleted": of a tombstone, and of $tb after a soft delete. */
const DELETED = 2n ** 63n - 1n;

interface Stream {
  readonly events: Recorded[];
  isTombstoned: boolean;
  retention: Retention;
}

/** What is found when a stream is read. */
export type Found = { readonly kind: 'events'; readonly events: readonly Recorded[] } | { readonly kind: 'no stream' } | { readonly kind: 'deleted' };

const FIRST_POSITION = 4_096n;
const RECORD_OVERHEAD = 112;

/**
 * The log of the conformance server with the rules of EventStoreDB: expected revisions, exact repeats, retention, deletes.
 *
 * Decided in memory; seen by readers and answered to writers when the file holds it, so that a server that is killed
 * loses nothing that anyone knew of.
 */
export class Log {
  private readonly all: Recorded[] = [];
  private readonly streams = new Map<string, Stream>();
  private readonly placeById = new Map<string, Recorded>();
  private next = FIRST_POSITION;
  private flushed = 0;
  /** What waits for the file. */
  private waiting: Group | undefined;
  /** What the file is taking in. */
  private writing: Group | undefined;
  private bell = Promise.withResolvers<void>();

  private readonly file: LogFile | undefined;
  private readonly now: () => number;

  private constructor(file: LogFile | undefined, now: () => number) {
    this.file = file;
    this.now = now;
  }

  /** @param path the file that keeps it; without one it is gone with the process */
  static async open(path?: string, now: () => number = Date.now): Promise<Log> {
    if (path === undefined) return new Log(undefined, now);
    const { file, events } = await LogFile.open(path);
    const log = new Log(file, now);
    for (const event of events) log.take(event);
    log.flushed = log.all.length;
    return log;
  }

  /** Settles when there are more events than at the time of the call. */
  news(): Promise<void> {
    return this.bell.promise;
  }

  /** How many events are seen: indices below are those of `at`. */
  get size(): number {
    return this.flushed;
  }

  at(index: number): Recorded {
    return this.all[index]!;
  }

  /** The index of the first event at or after a position. */
  indexFrom(position: bigint): number {
    let [low, high] = [0, this.flushed];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.all[middle]!.position < position) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The events of a stream that its retention lets be seen, from a revision on, in order or latest first. */
  read(name: string, { from, count, backwards = false }: { from?: bigint; count: number; backwards?: boolean }): Found {
    const stream = this.streams.get(name);
    if (stream?.isTombstoned) return { kind: 'deleted' };
    if (!stream || stream.events.length === 0 || this.isSoftDeleted(stream)) return { kind: 'no stream' };
    const last = stream.events.at(-1)!.revision;
    const first = this.firstSeen(stream, last);
    const base = stream.events[0]!.revision;
    const events: Recorded[] = [];
    const step = backwards ? -1n : 1n;
    let revision = backwards ? min(from ?? last, last) : max(from ?? first, first);
    for (; revision >= first && revision <= last && events.length < count; revision += step) {
      const event = stream.events[Number(revision - base)]!;
      if (this.isSeen(event, stream.retention)) events.push(event);
    }
    return { kind: 'events', events };
  }

  isTombstoned(name: string): boolean {
    return this.streams.get(name)?.isTombstoned ?? false;
  }

  async append(name: string, expected: Expected, proposed: readonly Proposed[]): Promise<Outcome> {
    const outcome = this.decide(name, expected, proposed.map(({ id }) => id));
    if (outcome.kind !== 'written') return this.answer(outcome);
    let revision = outcome.revision;
    const wasSoftDeleted = this.softDeletedBy(name);
    const written = proposed.map((event) => this.record(name, (revision += 1n), event));
    if (wasSoftDeleted) this.setMetadata(wasSoftDeleted, { $tb: Number(wasSoftDeleted === name ? outcome.revision + 1n : (this.lastRevision(wasSoftDeleted) ?? -1n) + 1n) });
    const last = written.at(-1);
    return this.answer({ kind: 'written', revision, position: last?.position ?? this.next });
  }

  /** Hides what is there; the stream may come back, and goes on counting. */
  async softDelete(name: string, expected: Expected): Promise<Outcome> {
    const outcome = this.decide(name, expected, [crypto.randomUUID()]);
    if (outcome.kind !== 'written') return this.answer(outcome);
    if (this.lastRevision(name) === undefined && this.lastRevision(`$$${name}`) === undefined) return this.answer({ kind: 'wrong expected version', current: undefined });
    const { revision, position } = this.setMetadata(name, { $tb: rawJSON(String(DELETED)) });
    return this.answer({ kind: 'written', revision, position });
  }

  /** Ends the stream for good: its name is never written again. */
  async tombstone(name: string, expected: Expected): Promise<Outcome> {
    const outcome = this.decide(name, expected, [crypto.randomUUID()]);
    if (outcome.kind !== 'written') return this.answer(outcome);
    const none = new Uint8Array();
    const { revision, position } = this.record(name, DELETED, { id: crypto.randomUUID(), type: '$streamDeleted', contentType: 'application/octet-stream', data: none, metadata: none });
    return this.answer({ kind: 'written', revision, position });
  }

  async close(): Promise<void> {
    await (this.waiting ?? this.writing)?.done.promise.catch(() => undefined);
    await this.file?.close();
  }

  /** Whether a write may go ahead. `written` carries the revision it goes after. */
  private decide(name: string, expected: Expected, ids: readonly string[]): Outcome {
    const stream = this.streams.get(name);
    if (stream?.isTombstoned) return { kind: 'deleted' };
    const current = this.lastRevision(name);
    const wrong: Outcome = { kind: 'wrong expected version', current };
    const goAhead: Outcome = { kind: 'written', revision: current ?? -1n, position: 0n };
    const isSoftDeleted = stream !== undefined && this.isSoftDeleted(stream);

    if (expected === 'stream_exists') {
      if (isSoftDeleted) return { kind: 'deleted' };
      if (current === undefined && this.lastRevision(`$$${name}`) === undefined) return wrong;
    }
    if (expected === 'any' || expected === 'stream_exists') return this.decideById(name, ids, goAhead, wrong);

    const after = expected === 'no_stream' ? -1n : expected;
    if (after === (current ?? -1n)) return goAhead;
    if (after > (current ?? -1n)) return wrong;
    const held = ids.map((_, index) => this.eventAt(stream!, after + 1n + BigInt(index)));
    const same = held.findIndex((event, index) => event?.id !== ids[index]);
    if (same === -1 && held.length > 0) return { kind: 'repeated', revision: held.at(-1)!.revision, position: held.at(-1)!.position };
    return same === 0 && expected === 'no_stream' && isSoftDeleted ? goAhead : wrong;
  }

  /** Without a revision only the ids can tell a repeat: all known ⇒ repeated, none ⇒ new. */
  private decideById(name: string, ids: readonly string[], goAhead: Outcome, wrong: Outcome): Outcome {
    const known = ids.map((id) => this.placeById.get(id)).map((event) => (event?.stream === name ? event : undefined));
    if (known.length === 0 || known[0] === undefined) return goAhead;
    const last = known.at(-1);
    return known.includes(undefined) || !last ? wrong : { kind: 'repeated', revision: last.revision, position: last.position };
  }

  /** Which stream comes back to life by a write to this one: itself, or the one whose metadata it is. */
  private softDeletedBy(name: string): string | undefined {
    const original = name.startsWith('$$') ? name.slice(2) : name;
    const stream = this.streams.get(original);
    return stream && this.isSoftDeleted(stream) ? original : undefined;
  }

  private setMetadata(name: string, change: object): Recorded {
    const events = this.streams.get(`$$${name}`)?.events ?? [];
    const data = Buffer.from(JSON.stringify({ ...parsed(events.at(-1)?.data), ...change }));
    const event = { id: crypto.randomUUID(), type: '$metadata', contentType: 'application/json', data, metadata: new Uint8Array() };
    return this.record(`$$${name}`, (events.at(-1)?.revision ?? -1n) + 1n, event);
  }

  private record(stream: string, revision: bigint, event: Proposed): Recorded {
    const recorded = { ...event, stream, revision, position: this.next, createdMs: this.now() };
    this.take(recorded);
    this.waiting ??= { events: [], done: Promise.withResolvers() };
    this.waiting.events.push(recorded);
    return recorded;
  }

  private take(event: Recorded): void {
    this.next = event.position + BigInt(RECORD_OVERHEAD + event.stream.length + event.data.length + event.metadata.length);
    this.all.push(event);
    this.placeById.set(event.id, event);
    const stream = this.streamOf(event.stream);
    if (event.revision === DELETED) stream.isTombstoned = true;
    else stream.events.push(event);
    if (event.stream.startsWith('$$')) this.streamOf(event.stream.slice(2)).retention = retentionOf(event.data);
  }

  private streamOf(name: string): Stream {
    const known = this.streams.get(name);
    if (known) return known;
    const made = { events: [], isTombstoned: false, retention: name.startsWith('$$') ? { maxCount: 1n } : {} };
    this.streams.set(name, made);
    return made;
  }

  private isSoftDeleted = ({ retention }: Stream) => retention.truncateBefore === DELETED;
  private lastRevision = (name: string) => this.streams.get(name)?.events.at(-1)?.revision;
  private eventAt = ({ events }: Stream, revision: bigint) => events[Number(revision - events[0]!.revision)];

  private firstSeen({ retention: { maxCount, truncateBefore } }: Stream, last: bigint): bigint {
    return max(0n, max(truncateBefore ?? 0n, maxCount === undefined ? 0n : last - maxCount + 1n));
  }

  private isSeen(event: Recorded, { maxAgeMs }: Retention): boolean {
    const isFlushed = this.flushed > 0 && event.position <= this.all[this.flushed - 1]!.position;
    return isFlushed && (maxAgeMs === undefined || event.createdMs >= this.now() - maxAgeMs);
  }

  /** Answers when the file holds what the answer rests on: a repeat and a refusal, too, may rest on what is still being written. */
  private async answer(outcome: Outcome): Promise<Outcome> {
    const group = this.waiting ?? this.writing;
    if (this.waiting && !this.writing) void this.write();
    await group?.done.promise;
    return outcome;
  }

  /** Group commit: what comes while one write is under way shares the next. */
  private async write(): Promise<void> {
    while ((this.writing = this.waiting)) {
      this.waiting = undefined;
      const { events, done } = this.writing;
      try {
        await this.file?.append(events);
      } catch (error) {
        done.reject(error); // what is in memory is no longer what is on disk: nothing is taken any more
        return;
      }
      this.flushed += events.length;
      done.resolve();
      this.bell.resolve();
      this.bell = Promise.withResolvers<void>();
    }
  }
}

interface Group {
  readonly events: Recorded[];
  readonly done: PromiseWithResolvers<void>;
}

function retentionOf(data: Uint8Array): Retention {
  const { $maxCount, $maxAge, $tb } = parsed(data) as { $maxCount?: number; $maxAge?: number; $tb?: number };
  return {
    ...(typeof $maxCount === 'number' && { maxCount: BigInt($maxCount) }),
    ...(typeof $maxAge === 'number' && { maxAgeMs: $maxAge * 1_000 }),
    ...(typeof $tb === 'number' && { truncateBefore: $tb >= Number(DELETED) ? DELETED : BigInt($tb) }),
  };
}

function parsed(data: Uint8Array | undefined): object {
  try {
    return JSON.parse(Buffer.from(data ?? []).toString() || '{}') as object;
  } catch {
    return {};
  }
}

/** 2^63 - 1 is no number of JavaScript's: it is written digit by digit. */
const rawJSON = (digits: string): unknown => (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON(digits);

const max = (one: bigint, other: bigint) => (one > other ? one : other);
const min = (one: bigint, other: bigint) => (one < other ? one : other);
