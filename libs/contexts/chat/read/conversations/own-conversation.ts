import type { EntityManager } from 'typeorm';
import { ConversationRow } from './conversations.projection.js';

/** The person's own conversation. All that is told of one, its messages and its replies, is told only where this finds it. */
export const ownConversation = (manager: EntityManager, tenantId: string, personId: string, conversationId: string) =>
  manager.findOneBy(ConversationRow, { tenantId, conversationId, startedBy: personId });
