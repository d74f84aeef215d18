import { MessageImported, MessageSent, RegenerationRequested, ReplyImported, ReplyRecorded } from '@parley/chat/contract.js';
import type { EventOf, Fact } from '@parley/kernel/event.js';
import { ERASED } from '@parley/kernel/personal.js';

export type PromptFact = Fact<EventOf<typeof MessageSent | typeof RegenerationRequested | typeof ReplyRecorded | typeof MessageImported | typeof ReplyImported>>;

/** What of a conversation can stand in a prompt. */
export const promptEvents = { MessageSent, RegenerationRequested, ReplyRecorded, MessageImported, ReplyImported };

export interface PromptMessage {
  readonly role: 'user' | 'assistant';
  readonly text: string;
}

export interface PromptLimits {
  readonly maxMessages: number;
  /** UTF-16 code units. The message to answer is in the prompt however long it is. */
  readonly maxCharacters: number;
}

/**
 * Collects the messages of a prompt from a conversation that is read backwards: the message to answer, and what was said before it,
 * as far as the limits go. Of several replies to a message the one asked for last counts, unless it failed.
 */
export class PromptMessages {
  private readonly turns: PromptMessage[][] = [];
  private readonly texts = new Map<string, string>();
  private readonly counting = new Map<string, string>();
  private messages = 0;
  private characters = 0;
  /** No earlier message has room, or the beginning was reached. */
  isFull = false;

  constructor(private readonly answeredMessageId: string, private readonly limits: PromptLimits) {}

  /** @param fact the one before the last that was given */
  add(fact: PromptFact): void {
    if (this.isFull) return;
    switch (fact.type) {
      case 'ReplyRecorded':
        if (fact.data.outcome !== 'failed' && isSaid(fact.data.text)) this.texts.set(fact.data.replyId, fact.data.text);
        break;
      case 'RegenerationRequested':
        this.count(fact.data);
        break;
      case 'ReplyImported':
        if (isSaid(fact.data.text) && !this.counting.has(fact.data.messageId)) this.counting.set(fact.data.messageId, fact.data.text);
        break;
      case 'MessageImported':
        this.addTurn(fact.data);
        break;
      case 'MessageSent':
        this.count(fact.data);
        this.addTurn(fact.data);
    }
  }

  /** Oldest first, the message to answer last; empty when it was not found, or its person was erased. */
  result(): readonly PromptMessage[] {
    return this.turns.toReversed().flat();
  }

  private count({ messageId, replyId }: { messageId: string; replyId: string }): void {
    const text = this.texts.get(replyId);
    if (text !== undefined && !this.counting.has(messageId)) this.counting.set(messageId, text);
  }

  private addTurn({ messageId, text }: { messageId: string; text: string }): void {
    const isAnswered = messageId === this.answeredMessageId;
    if (!isAnswered && this.turns.length === 0) return; // said after the message that is answered
    if (!isSaid(text)) {
      this.isFull = isAnswered;
      return;
    }
    const reply = isAnswered ? undefined : this.counting.get(messageId);
    const turn: PromptMessage[] = [{ role: 'user', text }, ...(reply === undefined ? [] : [{ role: 'assistant' as const, text: reply }])];
    const characters = turn.reduce((sum, message) => sum + message.text.length, 0);
    const hasRoom = this.messages + turn.length <= this.limits.maxMessages && this.characters + characters <= this.limits.maxCharacters;
    if (!hasRoom && !isAnswered) {
      this.isFull = true;
      return;
    }
    this.turns.push(turn);
    this.messages += turn.length;
    this.characters += characters;
  }
}

const isSaid = (text: string) => text !== '' && text !== ERASED;
