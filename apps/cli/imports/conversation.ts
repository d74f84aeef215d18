/** A reply as the server takes it. */
export interface ImportReply {
  readonly id: string;
  readonly text: string;
  readonly provider: string;
  readonly model: string;
  readonly at: string;
}

export interface ImportMessage {
  readonly id: string;
  readonly text: string;
  readonly at: string;
  readonly replies: readonly ImportReply[];
}

export const SOURCES = ['parley', 'chatgpt', 'librechat', 'open-webui'] as const;
export type Source = (typeof SOURCES)[number];

/** A conversation as the server takes it (docs/export.md), without the agent that it is to go on with. */
export interface ImportConversation {
  readonly source: Source;
  readonly id: string;
  readonly title: string | null;
  readonly startedAt: string;
  readonly messages: readonly ImportMessage[];
}

/** Something that was said, on the branch that was read last. */
export interface Turn {
  readonly id: string;
  readonly role: 'user' | 'assistant';
  readonly text: string;
  /** Undefined where the source does not say. */
  readonly at: Date | undefined;
  readonly model: string;
}

/** The way from a leaf of a tree of messages to its root, in the order it was said. */
export function branchTo<Node>(leaf: Node | undefined, parentOf: (node: Node) => Node | undefined): Node[] {
  const branch = new Set<Node>();
  for (let node = leaf; node !== undefined && !branch.has(node); node = parentOf(node)) branch.add(node); // a tree that bites its tail ends there
  return [...branch].reverse();
}

/**
 * Turns as messages with their reply. What an agent said in several turns in a row is one reply; what it said before anybody asked is the
 * reply to an empty message.
 */
export function messagesOf(turns: readonly Turn[], startedAt: Date): ImportMessage[] {
  const messages: (ImportMessage & { replies: ImportReply[] })[] = [];
  let last = startedAt;
  for (const { id, role, text, at, model } of turns.filter((turn) => turn.text.trim() !== '')) {
    last = at ?? last;
    if (role === 'user') messages.push({ id, text, at: last.toISOString(), replies: [] });
    else {
      if (messages.length === 0) messages.push({ id: `before-${id}`, text: '', at: last.toISOString(), replies: [] });
      const { replies } = messages.at(-1)!;
      const before = replies.pop();
      replies.push(before ? { ...before, text: `${before.text}\n\n${text}` } : { id, text, provider: '', model, at: last.toISOString() });
    }
  }
  return messages;
}

/** Of seconds since 1970, as several sources have it, or of an instant as text. */
export function dateOf(value: unknown): Date | undefined {
  const date = typeof value === 'number' ? new Date(value * 1_000) : typeof value === 'string' ? new Date(value) : undefined;
  return date && !Number.isNaN(date.getTime()) ? date : undefined;
}
