import type { ConversationRow } from '../read/conversations/conversations.projection.js';
import type { MessageWithReplies } from '../read/messages/list-messages.query.js';
import type { ReplyRow } from '../read/replies/replies.projection.js';
import type { Conversation, Message } from './conversation.types.js';
import type { Reply } from './reply.types.js';

/** A conversation as GraphQL shows it. */
export const conversationView = ({ conversationId: id, agentId, title, messageCount, startedAt, lastMessageAt }: ConversationRow): Conversation =>
  ({ id, agentId, title, messageCount, startedAt, lastMessageAt });

/** A message as GraphQL shows it, with its replies. */
export function messageView({ messageId: id, conversationId, sentBy, text, sentAt, replies: rows }: MessageWithReplies): Message {
  const replies = rows.map(replyView);
  return { id, conversationId, sentBy, text, sentAt, reply: replies.at(-1) ?? null, replies };
}

/** A reply as GraphQL shows it. */
export function replyView(row: ReplyRow): Reply {
  const { replyId: id, conversationId, messageId, agentId, replacesReplyId, requestedAt, status, text, finishReason, failureReason } = row;
  const { attempt, provider, model, promptVersion, costMicroUsd, firstTokenMs, latencyMs, settledAt } = row;
  const asked = { id, conversationId, messageId, agentId, replacesReplyId, requestedAt };
  const made = { attempt, provider, model, promptVersion, firstTokenMs, latencyMs, settledAt };
  return { ...asked, status, text, finishReason, failureReason, ...made, usage: usageOf(row), costMicroUsd: costMicroUsd === null ? null : Number(costMicroUsd) };
}

function usageOf({ inputTokens, cachedInputTokens, outputTokens, reasoningTokens, usageEstimated }: ReplyRow): Reply['usage'] {
  if (inputTokens === null || cachedInputTokens === null || outputTokens === null || reasoningTokens === null || usageEstimated === null) return null;
  return { inputTokens, cachedInputTokens, outputTokens, reasoningTokens, estimated: usageEstimated };
}
