import { conversations } from './conversations/conversations.projection.js';
import { messages } from './messages/messages.projection.js';
import { replies } from './replies/replies.projection.js';
import { retentionRules } from './retention/retention-rules.projection.js';

/** All read models of chat. */
export const chatProjections = [conversations, messages, replies, retentionRules];
