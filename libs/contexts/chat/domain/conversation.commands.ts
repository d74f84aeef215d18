import { defineCommand, writtenText } from '@parley/kernel/command.js';
import { id, instant } from '@parley/kernel/meta.js';
import { FAILURE_REASONS, FINISH_REASONS, microUsd, OUTCOMES, tokenUsage } from '@parley/kernel/metering.js';
import { z } from 'zod';
import { IMPORT_SOURCES } from './conversation.events.js';

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

/** Longest text of an imported message or reply, in UTF-16 code units. */
export const MAX_IMPORTED_LENGTH = 1_000_000;
/** Most messages that are imported at a time, and most replies to each. */
export const MAX_IMPORTED_MESSAGES = 50;
export const MAX_IMPORTED_REPLIES = 20;

/** Opens a conversation that was held elsewhere. Idempotent per `conversationId`. */
export class ImportConversation extends defineCommand(
  'ImportConversation',
  z.object({ conversationId: id, agentId: id, title: title.nullable(), source: z.enum(IMPORT_SOURCES), startedAt: instant }),
) {}

const importedText = writtenText(MAX_IMPORTED_LENGTH);
const named = writtenText(200);
const importedReply = z.object({ replyId: id, text: importedText, provider: named, model: named, repliedAt: instant });
const importedMessage = z.object({ messageId: id, text: importedText, sentAt: instant, replies: z.array(importedReply).max(MAX_IMPORTED_REPLIES) });
export type ImportedMessage = z.input<typeof importedMessage>;

/**
 * Brings along what was said there, as long as nothing was said here. `from` is the place of the first in the whole conversation, from 0:
 * what is there already stays as it is.
 */
export class ImportMessages extends defineCommand(
  'ImportMessages',
  z.object({ conversationId: id, from: z.int().nonnegative(), messages: z.array(importedMessage).min(1).max(MAX_IMPORTED_MESSAGES) }),
) {}

/** From the scheduler: hides a conversation in which nobody has spoken since. Nothing to do where somebody has, or a reply is being made. */
export class ExpireConversation extends defineCommand('ExpireConversation', z.object({ conversationId: id, idleSince: instant, afterDays: z.int().positive() })) {}

export type ConversationCommand =
  | ExpireConversation
  | ImportConversation
  | ImportMessages
  | StartConversation
  | SendMessage
  | RegenerateReply
  | StopReply
  | RecordReply
  | RenameConversation
  | DeleteConversation;
