import { defineRollup } from '@parley/kernel/rollup.js';
import { SummedRow } from '@parley/platform/read-model/tenant-row.js';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { ActivityRow } from './activity.row.js';

abstract class ActivitySums extends SummedRow {
  @Column('bigint') conversations: bigint;
  @Column('bigint') messages: bigint;
  @Column('bigint') regenerations: bigint;
}

/** One row for a day (UTC) and an agent: what people did there. `rows` is how many people did. */
@Entity({ schema: 'usage', name: 'conversations_daily' })
export class ConversationsDailyRow extends ActivitySums {
  @PrimaryColumn('date') day: string;
  @PrimaryColumn('uuid') agentId: string;
}

/** One row for a day (UTC) and a person who was active: what they did, with whatever agent. `rows` is with how many. */
@Entity({ schema: 'usage', name: 'people_daily' })
export class PeopleDailyRow extends ActivitySums {
  @PrimaryColumn('date') day: string;
  @PrimaryColumn('uuid') personId: string;
}

/** What people did on a day (UTC), by agent. */
export const conversationsDaily = defineRollup<ActivityRow, ConversationsDailyRow, 'day' | 'agentId'>({
  name: 'usage.conversations_daily',
  row: ConversationsDailyRow,
  adds: ({ day, agentId, conversations, messages, regenerations }) => [{ key: { day, agentId }, sums: { conversations, messages, regenerations } }],
});

/** What a person did on a day (UTC): who has a row was active. */
export const peopleDaily = defineRollup<ActivityRow, PeopleDailyRow, 'day' | 'personId'>({
  name: 'usage.people_daily',
  row: PeopleDailyRow,
  adds: ({ day, personId, conversations, messages, regenerations }) => [{ key: { day, personId }, sums: { conversations, messages, regenerations } }],
});
