import { defineEvent, type EventOf } from '@parley/kernel/event.js';
import { id, instant } from '@parley/kernel/meta.js';
import { FAILURE_REASONS, FINISH_REASONS, microUsd, OUTCOMES, tokenUsage } from '@parley/kernel/metering.js';
import { personal } from '@parley/kernel/personal.js';
import { z } from 'zod';

/** Names the streams of conversations: `streamName(CONVERSATION_CATEGORY, tenantId, conversationId)`. */
export const CONVERSATION_CATEGORY = 'chat.conversation';

/** A person opened a conversation with an agent. First fact of every conversation stream. */
export const ConversationStarted = defineEvent(
  'ConversationStarted',
  z.object({ conversationId: id, agentId: id, startedBy: id, title: personal(z.string().nullable()), startedAt: instant }),
  { subject: 'startedBy' },
);

/** A person said something. Inference reads it (chat/contract) and starts the reply. */
export const MessageSent = defineEvent(
  'MessageSent',
  z.object({ conversationId: id, messageId: id, replyId: id, agentId: id, sentBy: id, text: personal(z.string()), sentAt: instant }),
  { subject: 'sentBy' },
);

/** A person wants another reply to the same message. Inference reads it (chat/contract) and starts one. */
export const RegenerationRequested = defineEvent(
  'RegenerationRequested',
  z.object({ conversationId: id, messageId: id, replyId: id, replacesReplyId: id, agentId: id, requestedBy: id, requestedAt: instant }),
);

/** A person wants no more of a reply that is being made. Inference reads it (chat/contract) and stops. */
export const ReplyStopRequested = defineEvent(
  'ReplyStopRequested',
  z.object({ conversationId: id, replyId: id, requestedBy: id, requestedAt: instant }),
);

/**
 * A reply is settled: completed, stopped with what there was, or failed with what there was. Exactly one for each reply.
 * Subscribers of the reply's stream learn their end from it.
 */
export const ReplyRecorded = defineEvent(
  'ReplyRecorded',
  z.object({
    conversationId: id,
    messageId: id,
    replyId: id,
    /** Whose conversation it is: the text is theirs to erase. */
    personId: id,
    outcome: z.enum(OUTCOMES),
    text: personal(z.string()),
    finishReason: z.enum(FINISH_REASONS).nullable(),
    failureReason: z.enum(FAILURE_REASONS).nullable(),
    attempt: z.int().nonnegative(),
    provider: z.string(),
    model: z.string(),
    promptVersion: z.int().nonnegative(),
    usage: tokenUsage,
    costMicroUsd: microUsd,
    /** From the start of the settled attempt to its first token; null when none came. */
    firstTokenMs: z.int().nonnegative().nullable(),
    /** From the start of the settled attempt to its end. */
    latencyMs: z.int().nonnegative(),
    repliedAt: instant,
  }),
  { subject: 'personId' },
);

/** The person gave the conversation another title. */
export const ConversationRenamed = defineEvent(
  'ConversationRenamed',
  z.object({ conversationId: id, title: personal(z.string()), renamedBy: id, renamedAt: instant }),
  { subject: 'renamedBy' },
);

/** The conversation is hidden and takes no more messages. Erasing what was said is another matter: the person's key. */
export const ConversationDeleted = defineEvent('ConversationDeleted', z.object({ conversationId: id, deletedBy: id, deletedAt: instant }));

/** Where an imported conversation was held before. */
export const IMPORT_SOURCES = ['parley', 'chatgpt', 'librechat', 'open-webui'] as const;

/** A person brought a conversation along that was held elsewhere. First fact of its stream; what was said follows, then it goes on here. */
export const ConversationImported = defineEvent(
  'ConversationImported',
  z.object({
    conversationId: id,
    agentId: id,
    startedBy: id,
    title: personal(z.string().nullable()),
    source: z.enum(IMPORT_SOURCES),
    /** When it was started there. */
    startedAt: instant,
    importedAt: instant,
  }),
  { subject: 'startedBy' },
);

/** What the person said there. It asks for no reply. Inference reads it (chat/contract), for the prompt of what is said next. */
export const MessageImported = defineEvent(
  'MessageImported',
  z.object({ conversationId: id, messageId: id, sentBy: id, text: personal(z.string()), sentAt: instant }),
  { subject: 'sentBy' },
);

/** What was answered there, to the message before it. It cost nothing here. Of several the last one counts. Inference reads it (chat/contract). */
export const ReplyImported = defineEvent(
  'ReplyImported',
  z.object({
    conversationId: id,
    messageId: id,
    replyId: id,
    agentId: id,
    personId: id,
    text: personal(z.string()),
    /** As the source named it; '' where it did not. */
    provider: z.string(),
    model: z.string(),
    repliedAt: instant,
  }),
  { subject: 'personId' },
);

/** Nobody has spoken in it for as long as the tenant keeps conversations: it is hidden, as if its person had deleted it. */
export const ConversationExpired = defineEvent(
  'ConversationExpired',
  z.object({ conversationId: id, afterDays: z.int().positive(), lastActiveAt: instant, expiredAt: instant }),
);

export type ConversationEvent = EventOf<
  | typeof ConversationStarted
  | typeof MessageSent
  | typeof RegenerationRequested
  | typeof ReplyStopRequested
  | typeof ReplyRecorded
  | typeof ConversationRenamed
  | typeof ConversationDeleted
  | typeof ConversationImported
  | typeof MessageImported
  | typeof ReplyImported
  | typeof ConversationExpired
>;
