import type { EventOf } from '@parley/kernel/event.js';
import { defineProjection, type Step } from '@parley/kernel/projection.js';
import { TenantRow } from '@parley/platform/read-model/tenant-row.js';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import { MessageImported, MessageSent } from '../../domain/conversation.events.js';

/** One row for each message of a person, in the order of its conversation. */
@Entity({ schema: 'chat', name: 'messages' })
export class MessageRow extends TenantRow {
  @PrimaryColumn('uuid') conversationId: string;
  /** Place in the conversation's stream: orders its messages, and no two share it. */
  @PrimaryColumn('bigint') revision: bigint;
  @Column('uuid') messageId: string;
  @Column('uuid') sentBy: string;
  /** Sealed. */
  @Column('text') text: string;
  @Column('timestamptz') sentAt: Date;
}

/** A message is a row, wherever it was said. */
const said: Step<MessageRow, 'conversationId' | 'revision', EventOf<typeof MessageSent> | EventOf<typeof MessageImported>> = {
  fresh: true,
  key: ({ data, revision }) => ({ conversationId: data.conversationId, revision }),
  evolve: (_, { data: { messageId, sentBy, text, sentAt } }) => ({ messageId, sentBy, text, sentAt: new Date(sentAt) }),
};

export const messages = defineProjection<MessageRow, 'conversationId' | 'revision', EventOf<typeof MessageSent | typeof MessageImported>>({
  name: 'chat.messages',
  version: 2,
  row: MessageRow,
  personal: ['text'],
  events: { MessageSent, MessageImported },
  on: { MessageSent: said, MessageImported: said },
});
