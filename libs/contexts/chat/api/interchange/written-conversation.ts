import type { ConversationRow } from '../../read/conversations/conversations.projection.js';
import type { MessageWithReplies } from '../../read/messages/list-messages.query.js';

/** A conversation as it is exported: what docs/export.md says of the format. */
export interface WrittenConversation {
  readonly id: string;
  readonly title: string | null;
  readonly agentId: string;
  readonly startedAt: string;
}

export interface WrittenReply {
  readonly id: string;
  readonly text: string;
  readonly provider: string;
  readonly model: string;
  readonly at: string;
}

export interface WrittenMessage {
  readonly id: string;
  readonly text: string;
  readonly at: string;
  /** In the order they were asked for: the last one counts. What is being made, and what came to nothing, is not among them. */
  readonly replies: readonly WrittenReply[];
}

export const writtenConversation = ({ conversationId: id, title, agentId, startedAt }: ConversationRow): WrittenConversation => ({ id, title, agentId, startedAt: startedAt.toISOString() });

export function writtenMessage({ messageId: id, text, sentAt, replies: rows }: MessageWithReplies): WrittenMessage {
  const replies = rows
    .filter((row) => row.settledAt !== null && row.text)
    .map((row) => ({ id: row.replyId, text: row.text!, provider: row.provider ?? '', model: row.model ?? '', at: row.settledAt!.toISOString() }));
  return { id, text, at: sentAt.toISOString(), replies };
}
