/** What other contexts may know of chat. Nothing else of chat may be imported from outside. */
export {
  CONVERSATION_CATEGORY,
  ConversationDeleted,
  ConversationExpired,
  ConversationImported,
  ConversationRenamed,
  ConversationStarted,
  MessageImported,
  MessageSent,
  RegenerationRequested,
  ReplyImported,
  ReplyRecorded,
  ReplyStopRequested,
} from './domain/conversation.events.js';
