/** What other contexts may know of chat. Nothing else of chat may be imported from outside. */
export {
  CONVERSATION_CATEGORY,
  ConversationDeleted,
  ConversationRenamed,
  ConversationStarted,
  MessageSent,
  RegenerationRequested,
  ReplyRecorded,
  ReplyStopRequested,
} from './domain/conversation.events.js';
