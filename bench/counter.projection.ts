import { type EventOf } from '@parley/kernel/event.js';
import { defineProjection } from '@parley/kernel/projection.js';
import { MessageSent } from '@parley/chat/domain/conversation.events.js';
import { TenantRow } from '@parley/platform/read-model/tenant-row.js';
import { Column, Entity, PrimaryColumn } from 'typeorm';

/** How many messages the people of a tenant sent an agent on a day: the counter beside chat's list and transcript. */
@Entity({ schema: 'bench', name: 'messages_daily' })
export class MessagesDailyRow extends TenantRow {
  @PrimaryColumn('date') day: string;
  @PrimaryColumn('uuid') agentId: string;
  @Column('int') messages: number;
}

export const messagesDaily = defineProjection<MessagesDailyRow, 'day' | 'agentId', EventOf<typeof MessageSent>>({
  name: 'bench.messages_daily',
  version: 1,
  row: MessagesDailyRow,
  events: { MessageSent },
  on: {
    MessageSent: {
      key: ({ data: { sentAt, agentId } }) => ({ day: sentAt.slice(0, 10), agentId }),
      evolve: (row) => ({ messages: (row?.messages ?? 0) + 1 }),
    },
  },
});
