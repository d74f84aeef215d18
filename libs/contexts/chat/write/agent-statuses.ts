import { AGENT_CATEGORY, AgentArchived } from '@parley/agents/contract.js';
import { EventStore, streamName } from '@parley/platform/event-store/event-store.js';
import { Injectable } from '@nestjs/common';
import type { AgentStatus } from '../domain/conversation.js';

/** Whether agents take messages, as their own streams say at this moment. */
@Injectable()
export class AgentStatuses {
  constructor(private readonly store: EventStore) {}

  /** One read, however long the agent's history: its archiving is the last fact of its stream. */
  async of(tenantId: string, agentId: string): Promise<AgentStatus> {
    const [last] = await this.store.readBackwards(streamName(AGENT_CATEGORY, tenantId, agentId), { limit: 1 });
    if (!last) return 'unknown';
    return last.type === AgentArchived.type ? 'archived' : 'active';
  }
}
