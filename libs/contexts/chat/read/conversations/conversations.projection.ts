import type { EventOf } from '@parley/kernel/event.js';
import { defineProjection, type Step } from '@parley/kernel/projection.js';
import { TenantRow } from '@parley/platform/read-model/tenant-row.js';
import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { ConversationDeleted, ConversationExpired, ConversationImported, ConversationRenamed, ConversationStarted, MessageImported, MessageSent } from '../../domain/conversation.events.js';

/**
 * One row for each conversation that is not deleted: what the sidebar shows, and whose it is. What else is told of a conversation
 * (messages, replies) is told only beside its row.
 */
@Entity({ schema: 'chat', name: 'conversations' })
@Index(['tenantId', 'startedBy', 'lastMessageAt', 'conversationId'])
export class ConversationRow extends TenantRow {
  @PrimaryColumn('uuid') conversationId: string;
  @Column('uuid') startedBy: string;
  @Column('uuid') agentId: string;
  /** Sealed. */
  @Column('text', { nullable: true }) title: string | null;
  /** What the person said; replies are not counted. */
  @Column('int') messageCount: number;
  @Column('timestamptz') startedAt: Date;
  /** Of the person's last message, or of the start. A reply leaves it, and so the index, as it is. */
  @Column('timestamptz') lastMessageAt: Date;
}

type ConversationFact = EventOf<
  typeof ConversationStarted | typeof MessageSent | typeof ConversationRenamed | typeof ConversationDeleted | typeof ConversationExpired | typeof ConversationImported | typeof MessageImported
>;

const key = ({ data }: { data: { conversationId: string } }) => ({ conversationId: data.conversationId });

/** A conversation is a row, wherever it was begun. */
const begun: Step<ConversationRow, 'conversationId', EventOf<typeof ConversationStarted | typeof ConversationImported>> = {
  fresh: true,
  key,
  evolve: (_, { data: { startedBy, agentId, title, startedAt } }) => ({
    startedBy,
    agentId,
    title,
    messageCount: 0,
    startedAt: new Date(startedAt),
    lastMessageAt: new Date(startedAt),
  }),
};

const said: Step<ConversationRow, 'conversationId', EventOf<typeof MessageSent | typeof MessageImported>> = {
  key,
  evolve: (row, { data }) => row && { ...row, messageCount: row.messageCount + 1, lastMessageAt: new Date(data.sentAt) },
};

export const conversations = defineProjection<ConversationRow, 'conversationId', ConversationFact>({
  name: 'chat.conversations',
  version: 3,
  row: ConversationRow,
  personal: ['title'],
  events: { ConversationStarted, MessageSent, ConversationRenamed, ConversationDeleted, ConversationExpired, ConversationImported, MessageImported },
  on: {
    ConversationStarted: begun,
    MessageSent: said,
    ConversationRenamed: { key, evolve: (row, { data }) => row && { ...row, title: data.title } },
    ConversationDeleted: { key, evolve: () => undefined },
    ConversationExpired: { key, evolve: () => undefined },
    ConversationImported: begun,
    MessageImported: said,
  },
});
