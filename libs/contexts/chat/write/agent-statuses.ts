import { AGENT_CATEGORY, AgentArchived } from '@parley/agents/contract.js';
import { type StreamFold, StreamStates } from '@parley/platform/cqrs/stream-states.js';
import { EventStore, streamName } from '@parley/platform/event-store/event-store.js';
import { Injectable } from '@nestjs/common';
import { CONVERSATION_CATEGORY } from '../domain/conversation.events.js';
import { type AgentStatus, type Conversation, conversation } from '../domain/conversation.js';

/** Whether agents take messages, as their own streams say at this moment. */
@Injectable()
export class AgentStatuses {
  constructor(private readonly store: EventStore, private readonly states: StreamStates) {}

  /** One read, however long the agent's history: its archiving is the last fact of its stream. */
  async of(tenantId: string, agentId: string): Promise<AgentStatus> {
    const [last] = await this.store.readBackwards(streamName(AGENT_CATEGORY, tenantId, agentId), { limit: 1 });
    if (!last) return 'unknown';
    return last.type === AgentArchived.type ? 'archived' : 'active';
  }

  /** Of the agent that a conversation is with. Where there is no conversation no agent is asked for: that will be refused first. */
  async ofConversation(tenantId: string, conversationId: string): Promise<AgentStatus> {
    const remembered = this.states.recall(fold, streamName(CONVERSATION_CATEGORY, tenantId, conversationId))?.state;
    // A conversation never changes its agent, so an old state of one will do.
    const state = remembered && remembered.status !== 'new' ? remembered : await this.states.latest(fold, tenantId, conversationId);
    return state.status === 'new' ? 'active' : this.of(tenantId, state.agentId);
  }
}

/** The very object that commands are decided by, so that both remember the same state. (Its tables are keyed more narrowly than the compiler can tell here.) */
const fold = conversation as unknown as StreamFold<Conversation>;
