import { EventEmitter } from 'node:events';
import type { EventOf, Fact } from '@parley/kernel/event.js';
import { FactNews } from '@parley/platform/event-log/fact-news.js';
import type { ReplyKey } from '@parley/platform/live/live-chunks.js';
import { Injectable } from '@nestjs/common';
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

const events = { MessageSent, RegenerationRequested, ReplyRecorded, ConversationDeleted, ConversationExpired };
type News = Fact<EventOf<(typeof events)[keyof typeof events]>>;

const nameOf = ({ tenantId, replyId }: ReplyKey) => `${tenantId}.${replyId}`;

/**
 * What happens to replies, for all streams of this process. It is quicker than the read model, and remembers only what is recent: of
 * older replies the read model knows.
 */
@Injectable()
export class ReplyNews {
  private readonly recent = new LRUCache<string, ReplyNewsItem>({
    max: MOST_REPLIES,
    maxSize: MOST_CHARACTERS,
    sizeCalculation: ({ end }) => 100 + (end?.data.text.length ?? 0),
  });
  private readonly watchers = new EventEmitter<Record<string, [item: ReplyNewsItem]>>().setMaxListeners(0);

  constructor(news: FactNews) {
    news.hear(events, (fact) => this.take(fact));
  }

  /** What was said of a reply lately; undefined: nothing, or long ago. */
  of(key: ReplyKey): ReplyNewsItem | undefined {
    return this.recent.get(nameOf(key));
  }

  /** Calls back when something is said of the reply from now on. @returns ends the watch */
  watch(key: ReplyKey, told: (item: ReplyNewsItem) => void): () => void {
    const name = nameOf(key);
    this.watchers.on(name, told);
    return () => this.watchers.off(name, told);
  }

  private take(fact: News): void {
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
    this.watchers.emit(nameOf(key), item);
  }
}
