import { defineError } from '@parley/kernel/domain-error.js';

/** Also where it is deleted, or another person's, or another tenant's: whoever may not see it learns nothing. */
export class ConversationNotFound extends defineError(
  'CHAT_CONVERSATION_NOT_FOUND',
  'not-found',
  'There is no such conversation.',
  'Ask `conversations` for yours; one that you have just started may need your consistency token.',
) {}
export class ConversationIdTaken extends defineError(
  'CHAT_CONVERSATION_ID_TAKEN',
  'conflict',
  'This conversation id is taken.',
  'Choose another id, or none: one is made for you.',
) {}
export class AgentNotFound extends defineError('CHAT_AGENT_NOT_FOUND', 'not-found', 'There is no such agent.', 'Ask `agents` for those that there are.') {}
export class AgentNotActive extends defineError(
  'CHAT_AGENT_NOT_ACTIVE',
  'conflict',
  'The agent is archived and takes no more messages.',
  'Start a conversation with another agent.',
) {}
/** Also where it is so long ago that the conversation no longer knows it. */
export class ReplyNotFound extends defineError(
  'CHAT_REPLY_NOT_FOUND',
  'not-found',
  'There is no such reply among the latest of this conversation.',
  'Ask `messages` for the replies of the conversation.',
) {}
export class ReplyIdTaken extends defineError('CHAT_REPLY_ID_TAKEN', 'conflict', 'This reply id is taken.', 'Choose another id, or none: one is made for you.') {}
export class ReplyNotSettled extends defineError(
  'CHAT_REPLY_NOT_SETTLED',
  'conflict',
  'The reply is still being made.',
  'Wait for its end, or stop it first.',
) {}
export class ReplyReplaced extends defineError('CHAT_REPLY_REPLACED', 'conflict', 'The reply has been replaced.', 'Regenerate the one that replaced it.') {}
export class TooManyPendingReplies extends defineError(
  'CHAT_TOO_MANY_PENDING_REPLIES',
  'limit',
  'Too many replies of this conversation are being made.',
  'Wait for one of them to end.',
) {}
export class TooManyRegenerations extends defineError(
  'CHAT_TOO_MANY_REGENERATIONS',
  'limit',
  'This message has had as many replies as it may have.',
  'Send a new message.',
) {}
export class ConversationGoneOn extends defineError(
  'CHAT_CONVERSATION_GONE_ON',
  'conflict',
  'The conversation was not imported, or has gone on here since: nothing more can be imported into it.',
  'Leave it as it is, or import it under another id.',
) {}
export class ImportOutOfOrder extends defineError(
  'CHAT_IMPORT_OUT_OF_ORDER',
  'conflict',
  'Messages before these are missing.',
  'Import the messages in order; `details.next` is the place of the next.',
) {}
