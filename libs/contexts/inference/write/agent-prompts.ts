import { AGENT_CATEGORY, AgentArchived, AgentCreated, AgentRenamed, PromptVersionActivated, PromptVersionDrafted } from '@parley/agents/contract.js';
import type { EventOf, Fact } from '@parley/kernel/event.js';
import { type StreamFold, StreamStates } from '@parley/platform/cqrs/stream-states.js';
import { EventStore, streamName } from '@parley/platform/event-store/event-store.js';
import { Codec } from '@parley/platform/personal-data/codec.js';
import { readable } from '@parley/platform/personal-data/undecodable.js';
import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import type { AnsweredBy } from '../domain/generation.commands.js';

type Drafted = Fact<EventOf<typeof PromptVersionDrafted>>;

/** What an agent answers by. The instructions are long and stay in the log: `revision` is their place in the agent's stream. */
interface AgentState {
  readonly isActive: boolean;
  readonly activeVersion: number;
  /** By version, from 1. */
  readonly versions: readonly (AnsweredBy & { readonly revision: bigint })[];
}

const agentState: StreamFold<AgentState> = {
  category: AGENT_CATEGORY,
  initialState: { isActive: false, activeVersion: 0, versions: [] },
  events: { AgentCreated, AgentRenamed, AgentArchived, PromptVersionDrafted, PromptVersionActivated },
  evolve: {
    AgentCreated: (state) => ({ ...state, isActive: true }),
    AgentRenamed: (state) => state,
    AgentArchived: (state) => ({ ...state, isActive: false }),
    PromptVersionDrafted(state, { data: { version, provider, model, temperature, maxOutputTokens }, revision }: Drafted) {
      return { ...state, versions: [...state.versions, { promptVersion: version, provider, model, temperature, maxOutputTokens, revision }] };
    },
    PromptVersionActivated: (state, { data }: EventOf<typeof PromptVersionActivated>) => ({ ...state, activeVersion: data.version }),
  },
};

/** Most characters of instructions that are remembered. */
const MOST_CHARACTERS = 16 * 1024 * 1024;

/** Agents as their own streams have them: which prompt version answers, and what it says. */
@Injectable()
export class AgentPrompts {
  /** A version never changes, so it is read once. */
  private readonly remembered = new LRUCache<string, { readonly text: string }>({ maxSize: MOST_CHARACTERS, sizeCalculation: ({ text }) => text.length + 100 });

  constructor(private readonly states: StreamStates, private readonly store: EventStore, private readonly codec: Codec) {}

  /** The active prompt version; null when there is no such agent, or it was archived. */
  async active(tenantId: string, agentId: string): Promise<AnsweredBy | null> {
    const { isActive, activeVersion, versions } = await this.states.latest(agentState, tenantId, agentId);
    const version = versions.find(({ promptVersion }) => promptVersion === activeVersion);
    if (!isActive || !version) return null;
    const { promptVersion, provider, model, temperature, maxOutputTokens } = version;
    return { promptVersion, provider, model, temperature, maxOutputTokens };
  }

  /** What a prompt version tells the model; '' for none. @throws Error when the agent never had this version */
  async instructions(tenantId: string, agentId: string, promptVersion: number): Promise<string> {
    const name = `${tenantId}.${agentId}.${promptVersion}`;
    const remembered = this.remembered.get(name);
    if (remembered) return remembered.text;
    const text = await this.read(tenantId, agentId, promptVersion);
    this.remembered.set(name, { text });
    return text;
  }

  private async read(tenantId: string, agentId: string, promptVersion: number): Promise<string> {
    const { versions } = await this.states.latest(agentState, tenantId, agentId);
    const version = versions.find((each) => each.promptVersion === promptVersion);
    if (!version) throw new Error(`agent ${agentId} has no prompt version ${promptVersion}`);
    const stored = await this.store.read(streamName(AGENT_CATEGORY, tenantId, agentId), { from: version.revision, limit: 1 });
    const [drafted] = readable(await this.codec.decode(stored, { PromptVersionDrafted }, { open: true })) as Drafted[];
    return drafted!.data.instructions;
  }
}
