import { ConversationStarted, MessageSent, RegenerationRequested } from '@parley/chat/contract.js';
import type { EventOf } from '@parley/kernel/event.js';
import { defineProjection } from '@parley/kernel/projection.js';
import { ActivityRow } from './activity.row.js';
import { conversationsDaily, peopleDaily } from './activity.rollups.js';

type ActivityFact = EventOf<typeof ConversationStarted | typeof MessageSent | typeof RegenerationRequested>;

const key = (personId: string, agentId: string, instant: string) => ({ day: instant.slice(0, 10), personId, agentId });
const NOTHING = { conversations: 0, messages: 0, regenerations: 0 };

/** What a person did with an agent on a day (UTC): conversations begun, messages sent, replies asked for once more. */
export const activity = defineProjection<ActivityRow, 'day' | 'personId' | 'agentId', ActivityFact>({
  name: 'usage.activity',
  version: 1,
  row: ActivityRow,
  rollups: [conversationsDaily, peopleDaily],
  events: { ConversationStarted, MessageSent, RegenerationRequested },
  on: {
    ConversationStarted: {
      key: ({ data: { startedBy, agentId, startedAt } }) => key(startedBy, agentId, startedAt),
      evolve: (row) => ({ ...(row ?? NOTHING), conversations: (row?.conversations ?? 0) + 1 }),
    },
    MessageSent: {
      key: ({ data: { sentBy, agentId, sentAt } }) => key(sentBy, agentId, sentAt),
      evolve: (row) => ({ ...(row ?? NOTHING), messages: (row?.messages ?? 0) + 1 }),
    },
    RegenerationRequested: {
      key: ({ data: { requestedBy, agentId, requestedAt } }) => key(requestedBy, agentId, requestedAt),
      evolve: (row) => ({ ...(row ?? NOTHING), regenerations: (row?.regenerations ?? 0) + 1 }),
    },
  },
});
