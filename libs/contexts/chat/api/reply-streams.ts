import { setTimeout as delay } from 'node:timers/promises';
import { defineError } from '@parley/kernel/domain-error.js';
import { type Chunk, firstSequence, LiveChunks, type ReplyKey } from '@parley/platform/live/live-chunks.js';
import { LiveSource, type Teller } from '@parley/platform/graphql-kit/live/live-source.js';
import { Recent } from '@parley/platform/graphql-kit/live/recent.js';
import { Forgetting } from '@parley/platform/personal-data/forgetting.js';
import { Opener } from '@parley/platform/personal-data/opener.js';
import { Injectable, Optional } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import { FindReply } from '../read/replies/find-reply.query.js';
import { type ReplyEnd, ReplyNews } from './reply-news.js';
import type { ReplyChunk, ReplyEvent } from './reply-stream.types.js';
import { chunkEvent, type Ending, endEvent, endingIn, endingOf, snapshotEvent } from './reply-stream.views.js';

/** Also where it is another person's, another tenant's, or its conversation is deleted. */
export class ReplyStreamNotFound extends defineError(
  'CHAT_REPLY_STREAM_NOT_FOUND',
  'not-found',
  'There is no such reply.',
  'Subscribe to the replyId that sendMessage or regenerateReply answered; one of a moment ago may need its consistency token.',
) {}

/** Who watches which reply from where on. */
export interface Watch extends ReplyKey {
  readonly personId: string;
  readonly fromSequence: number;
}

/** How long a reply is looked for before it is said that there is none: one just asked for is on its way to us. */
const FIND_MS = 1_000;
const FIND_EVERY_MS = 100;

/** How often the read model is asked about a reply whose end nobody told us. */
const ASK_EVERY_MS = 10_000;

/** Tells a reply to one who watches it: the text as it comes, and how it ended. */
@Injectable()
export class ReplyStreams {
  /** The same event of a chunk for all who watch. */
  private readonly events = new Recent<Chunk, ReplyChunk>();

  constructor(
    private readonly news: ReplyNews,
    private readonly live: LiveChunks,
    private readonly queries: QueryBus,
    private readonly opener: Opener,
    @Optional() forgetting?: Forgetting,
  ) {
    forgetting?.register('reply-streams', () => this.events.clear());
  }

  /**
   * Chunks are those of the live port, in order, without a gap; where that cannot be, a snapshot of the stored text comes before the end.
   *
   * @throws ReplyStreamNotFound
   */
  watch(watch: Watch): LiveSource<ReplyEvent> {
    return new LiveSource((teller, signal) => this.tell(watch, teller, signal));
  }

  private async tell(watch: Watch, { tell, draw, heard }: Teller<ReplyEvent>, signal: AbortSignal): Promise<void> {
    const [asked, ended] = [Promise.withResolvers<void>(), Promise.withResolvers<ReplyEnd>()];
    // Before anything is looked up: an end between the look and the watch would never be heard.
    const unwatch = this.news.watch(watch, ({ personId, end }) => {
      if (personId === watch.personId) asked.resolve();
      if (end) ended.resolve(end);
    });
    const place = new Place(watch.fromSequence);
    const told = (chunks: readonly Chunk[]) => place.take(chunks).map((chunk) => this.events.get(chunk) ?? this.events.set(chunk, chunkEvent(watch.replyId, chunk)));
    try {
      let ending = await this.find(watch, asked.promise, signal);
      if (!ending) {
        const reader = this.live.read(watch, place.next, heard);
        const over = Promise.withResolvers<void>();
        signal.addEventListener('abort', () => over.resolve());
        draw(() => {
          const events = told(reader.take());
          if (reader.isEnded) over.resolve();
          return events;
        });
        // That no more chunks come is no end: they may be lost. The end then brings the whole text.
        await Promise.race([over.promise, ended.promise]).finally(reader.close);
        draw(undefined);
        ending = await this.endOf(watch, ended.promise, signal);
      }
      if (!ending) return;
      const chunks = await this.live.kept(watch, firstSequence(ending.attempt)).catch(() => []);
      const isKept = textOf(chunks, ending.attempt) === ending.text;
      if (isKept) tell(told(chunks));
      if (!isKept || place.hasGap || place.isBeyond(ending.attempt, chunks)) tell([snapshotEvent(ending)]);
      tell([endEvent(ending)]);
    } finally {
      unwatch();
    }
  }

  /**
   * @param asked settles when the log says that the person asked for it, which may be at any moment
   * @returns how it ended; undefined while it is being made
   * @throws ReplyStreamNotFound for another's reply as late as for none
   */
  private async find(watch: Watch, asked: Promise<void>, signal: AbortSignal): Promise<Ending | undefined> {
    for (const until = performance.now() + FIND_MS; !signal.aborted; ) {
      const item = this.news.of(watch);
      if (item?.personId === watch.personId) return item.end && this.open(item.end);
      const row = await Promise.race([asked, this.queries.execute(new FindReply(watch.tenantId, watch.personId, watch.replyId))]);
      if (row) return endingIn(row);
      if (performance.now() >= until) throw new ReplyStreamNotFound();
      await Promise.race([asked, delay(FIND_EVERY_MS, undefined, { signal }).catch(() => undefined)]);
    }
    return undefined;
  }

  /** @returns undefined when the watch was left */
  private async endOf({ tenantId, personId, replyId }: Watch, ended: Promise<ReplyEnd>, signal: AbortSignal): Promise<Ending | undefined> {
    while (!signal.aborted) {
      const asking = new AbortController();
      const pause = delay(ASK_EVERY_MS, undefined, { signal: AbortSignal.any([signal, asking.signal]), ref: false }).catch(() => undefined);
      const end = await Promise.race([ended, pause]);
      asking.abort();
      if (end) return this.open(end);
      const row = signal.aborted ? undefined : await this.queries.execute(new FindReply(tenantId, personId, replyId));
      const ending = row && endingIn(row);
      if (ending) return ending;
    }
    return undefined;
  }

  private async open({ data, meta, ...fact }: ReplyEnd): Promise<Ending> {
    const [text] = await this.opener.open(meta.tenantId, [data.text]);
    return endingOf({ ...fact, meta, data: { ...data, text: text! } });
  }
}

/** Where a reader is in the text, and whether it has all of it up to there. */
class Place {
  hasGap = false;

  constructor(public next: number) {}

  /** @returns those that follow without a gap. An attempt that begins, begins the text anew. */
  take(chunks: readonly Chunk[]): readonly Chunk[] {
    return chunks.filter(({ attempt, sequence }) => {
      if (sequence < this.next) return false;
      this.hasGap = sequence !== this.next && sequence !== firstSequence(attempt);
      if (!this.hasGap) this.next = sequence + 1;
      return !this.hasGap;
    });
  }

  /** Whether the reader has more of an attempt than what it was settled with: a worker died, and with it pieces that were told already. */
  isBeyond(attempt: number, kept: readonly Chunk[]): boolean {
    const last = kept.findLast((chunk) => chunk.attempt === attempt);
    const end = last ? last.sequence + 1 : firstSequence(attempt);
    return this.next > end && this.next < firstSequence(attempt + 1);
  }
}

const textOf = (chunks: readonly Chunk[], attempt: number) => chunks.filter((chunk) => chunk.attempt === attempt).map(({ text }) => text).join('');
