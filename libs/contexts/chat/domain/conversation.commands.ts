import { defineCommand, writtenText } from '@parley/kernel/command.js';
import { id } from '@parley/kernel/meta.js';
import { FAILURE_REASONS, FINISH_REASONS, microUsd, OUTCOMES, tokenUsage } from '@parley/kernel/metering.js';
import { z } from 'zod';

/** Longest message that a person may send, in UTF-16 code units. */
export const MAX_MESSAGE_LENGTH = 32_000;
/** Longest title, in UTF-16 code units. */
export const MAX_TITLE_LENGTH = 200;

const title = writtenText(MAX_TITLE_LENGTH).trim().min(1);

/** Opens a conversation with an agent that takes messages. Idempotent per `conversationId`. */
export class StartConversation extends defineCommand('StartConversation', z.object({ conversationId: id, agentId: id, title: title.nullable() })) {}

/** Idempotent per `messageId`: a client may send it again after a lost answer. */
export class SendMessage extends defineCommand(
  'SendMessage',
  z.object({ conversationId: id, messageId: id, replyId: id, text: writtenText(MAX_MESSAGE_LENGTH).trim().min(1) }),
) {}

/** Asks for another reply, `replyId`, to the message that `replacesReplyId` answered. */
export class RegenerateReply extends defineCommand('RegenerateReply', z.object({ conversationId: id, replyId: id, replacesReplyId: id })) {}

/** Asks for no more of a reply. Nothing to do when it has ended. */
export class StopReply extends defineCommand('StopReply', z.object({ conversationId: id, replyId: id })) {}

/** From inference: the reply is settled. Idempotent per `replyId`. */
export class RecordReply extends defineCommand(
  'RecordReply',
  z.object({
    conversationId: id,
    messageId: id,
    replyId: id,
    personId: id,
    outcome: z.enum(OUTCOMES),
    text: z.string(),
    finishReason: z.enum(FINISH_REASONS).nullable(),
    failureReason: z.enum(FAILURE_REASONS).nullable(),
    attempt: z.int().nonnegative(),
    provider: z.string(),
    model: z.string(),
    promptVersion: z.int().nonnegative(),
    usage: tokenUsage,
    costMicroUsd: microUsd,
    firstTokenMs: z.int().nonnegative().nullable(),
    latencyMs: z.int().nonnegative(),
  }),
) {}

/** Gives a conversation another title. The same title again changes nothing. */
export class RenameConversation extends defineCommand('RenameConversation', z.object({ conversationId: id, title })) {}

/** Hides a conversation for good and stops what is being made for it. Idempotent. */
export class DeleteConversation extends defineCommand('DeleteConversation', z.object({ conversationId: id })) {}

export type ConversationCommand =
  | StartConversation
  | SendMessage
  | RegenerateReply
  | StopReply
  | RecordReply
  | RenameConversation
  | DeleteConversation;
