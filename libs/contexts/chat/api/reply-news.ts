import { setTimeout as delay } from 'node:timers/promises';
import type { EventOf, Fact } from '@parley/kernel/event.js';
import { EventLog } from '@parley/platform/event-log/event-log.js';
import type { ReplyKey } from '@parley/platform/live/live-chunks.js';
import { Codec } from '@parley/platform/personal-data/codec.js';
import { Undecodable } from '@parley/platform/personal-data/undecodable.js';
import { logger } from '@parley/platform/telemetry/logger.js';
import { type BeforeApplicationShutdown, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { ConversationDeleted, ConversationExpired, MessageSent, RegenerationRequested, ReplyRecorded } from '../domain/conversation.events.js';

/** A reply's end as the log has it: its text is sealed. */
export type ReplyEnd = Fact<EventOf<typeof ReplyRecorded>>;

/** What the log said of a reply lately. */
export interface ReplyNewsItem {
  readonly personId: string;
  readonly conversationId: string;
  readonly end: ReplyEnd | undefined;
}

/** Most replies that are remembered, and the most that their ends may hold, in characters of sealed text. */
const MOST_REPLIES = 20_000;
const MOST_CHARACTERS = 32 * 1024 * 1024;
const RETRY_MS = 1_000;

const events = { MessageSent, RegenerationRequested, ReplyRecorded, ConversationDeleted, ConversationExpired };
type News = Fact<EventOf<typeof MessageSent | typeof RegenerationRequested | typeof ReplyRecorded | typeof ConversationDeleted | typeof ConversationExpired>>;

const log = logger('reply-stream');
const nameOf = ({ tenantId, replyId }: ReplyKey) => `${tenantId}.${replyId}`;

/**
 * What happens to replies, for all streams of this process: the log is followed once, however many watch. It is quicker than the
 * read model, and remembers only what is recent: of older replies the read model knows.
 */
@Injectable()
export class ReplyNews implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly recent = new LRUCache<string, ReplyNewsItem>({
    max: MOST_REPLIES,
    maxSize: MOST_CHARACTERS,
    sizeCalculation: ({ end }) => 100 + (end?.data.text.length ?? 0),
  });
  private readonly watchers = new Map<string, Set<(item: ReplyNewsItem) => void>>();
  private readonly stopping = new AbortController();
  private readonly positions = new Map<number, bigint>();
  private running: Promise<void>;

  constructor(private readonly events: EventLog, private readonly codec: Codec) {}

  onApplicationBootstrap(): void {
    this.running = this.run();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  /** What was said of a reply lately; undefined: nothing, or long ago. */
  of(key: ReplyKey): ReplyNewsItem | undefined {
    return this.recent.get(nameOf(key));
  }

  /** Calls back when something is said of the reply from now on. @returns ends the watch */
  watch(key: ReplyKey, told: (item: ReplyNewsItem) => void): () => void {
    const name = nameOf(key);
    const watchers = this.watchers.get(name) ?? new Set();
    this.watchers.set(name, watchers.add(told));
    return () => {
      watchers.delete(told);
      if (watchers.size === 0) this.watchers.delete(name);
    };
  }

  private async run(): Promise<void> {
    const { signal } = this.stopping;
    // A name of its own: every process has readers, so every process must hear everything.
    const name = `chat.reply-news.${crypto.randomUUID()}`;
    while (!signal.aborted) {
      try {
        for await (const { lane, facts } of this.events.follow({ name, after: (each) => this.resume(each), signal })) {
          const wanted = facts.filter(({ type }) => Object.hasOwn(events, type));
          if (wanted.length > 0) for (const fact of await this.codec.decode(wanted, events, { open: false })) this.take(fact as News);
          this.positions.set(lane, facts.at(-1)?.position ?? this.positions.get(lane)!);
        }
      } catch (error) {
        log.error('reply-news.failed', { error: error as Error });
        await delay(RETRY_MS, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  /** It begins at the end of the log: what was before is in the read model. */
  private async resume(lane: number): Promise<bigint> {
    const position = this.positions.get(lane) ?? (await this.events.head());
    this.positions.set(lane, position);
    return position;
  }

  private take(fact: News | Undecodable): void {
    if (fact instanceof Undecodable) return log.warn('reply-news.undecodable', { position: fact.stored.position, reason: fact.reason });
    const { tenantId } = fact.meta;
    switch (fact.type) {
      case 'MessageSent':
        return this.tell({ tenantId, replyId: fact.data.replyId }, { personId: fact.data.sentBy, conversationId: fact.data.conversationId, end: undefined });
      case 'RegenerationRequested':
        return this.tell({ tenantId, replyId: fact.data.replyId }, { personId: fact.data.requestedBy, conversationId: fact.data.conversationId, end: undefined });
      case 'ReplyRecorded':
        return this.tell({ tenantId, replyId: fact.data.replyId }, { personId: fact.data.personId, conversationId: fact.data.conversationId, end: fact });
      case 'ConversationDeleted':
      case 'ConversationExpired':
        for (const [name, { conversationId }] of this.recent.entries()) if (conversationId === fact.data.conversationId) this.recent.delete(name);
    }
  }

  private tell(key: ReplyKey, item: ReplyNewsItem): void {
    this.recent.set(nameOf(key), item);
    for (const told of this.watchers.get(nameOf(key)) ?? []) told(item);
  }
}
