import { defineDecider } from '@parley/kernel/decider.js';
import { defineError } from '@parley/kernel/domain-error.js';
import type { Meta, Role } from '@parley/kernel/meta.js';
import { ActivatePromptVersion, type AgentCommand, ArchiveAgent, CreateAgent, DraftPromptVersion, RenameAgent } from './agent.commands.js';
import {
  AGENT_CATEGORY,
  AgentArchived,
  AgentCreated,
  type AgentEvent,
  AgentRenamed,
  PromptVersionActivated,
  PromptVersionDrafted,
} from './agent.events.js';

export class AgentManagementNotAllowed extends defineError(
  'AGENTS_MANAGEMENT_NOT_ALLOWED',
  'forbidden',
  'Your role may use agents, not change them.',
  'Ask an owner or an administrator of the tenant.',
) {}
export class AgentIdTaken extends defineError('AGENTS_AGENT_ID_TAKEN', 'conflict', 'This agent id is taken.', 'Choose another id, or none: one is made for you.') {}
export class AgentNotFound extends defineError('AGENTS_AGENT_NOT_FOUND', 'not-found', 'There is no such agent.', 'Ask `agents` for those that there are.') {}
export class AgentNotActive extends defineError('AGENTS_AGENT_NOT_ACTIVE', 'conflict', 'The agent is archived.', 'Create a new agent.') {}
export class PromptVersionNotFound extends defineError(
  'AGENTS_PROMPT_VERSION_NOT_FOUND',
  'not-found',
  'The agent has no such prompt version.',
  'Ask `promptVersions` for those that there are.',
) {}

interface Known {
  /** Who created it under which name: what tells a repeated creation from another agent of the same id. */
  readonly createdBy: string;
  readonly createdAs: string;
  readonly name: string;
  readonly latestVersion: number;
  readonly activeVersion: number;
}

export type Agent = { readonly status: 'new' } | ({ readonly status: 'active' | 'archived' } & Known);

/** Who may change the tenant's agents. All others may talk to them. */
const MANAGERS: readonly Role[] = ['platform-admin', 'tenant-owner', 'tenant-admin', 'system'];

export const agent = defineDecider<Agent, AgentCommand, AgentEvent>({
  category: AGENT_CATEGORY,
  commands: { CreateAgent, RenameAgent, ArchiveAgent, DraftPromptVersion, ActivatePromptVersion },
  events: { AgentCreated, AgentRenamed, AgentArchived, PromptVersionDrafted, PromptVersionActivated },
  id: (command) => command.data.agentId,

  initialState: { status: 'new' },

  decide: {
    CreateAgent({ data: { agentId, name, ...prompt }, meta }, state) {
      mustManage(meta);
      const { actor: { id: by }, now: at } = meta;
      if (state.status !== 'new') {
        if (state.createdBy === by && state.createdAs === name) return [];
        throw new AgentIdTaken({ agentId });
      }
      return [
        AgentCreated({ agentId, name, createdBy: by, createdAt: at }),
        PromptVersionDrafted({ agentId, version: 1, ...prompt, draftedBy: by, draftedAt: at }),
        PromptVersionActivated({ agentId, version: 1, activatedBy: by, activatedAt: at }),
      ];
    },

    RenameAgent({ data, meta }, state) {
      mustManage(meta);
      if (mustBeActive(state, data).name === data.name) return [];
      return [AgentRenamed({ ...data, renamedBy: meta.actor.id, renamedAt: meta.now })];
    },

    ArchiveAgent({ data, meta }, state) {
      mustManage(meta);
      if (state.status === 'new') throw new AgentNotFound(data);
      if (state.status === 'archived') return [];
      return [AgentArchived({ ...data, archivedBy: meta.actor.id, archivedAt: meta.now })];
    },

    DraftPromptVersion({ data, meta }, state) {
      mustManage(meta);
      const version = mustBeActive(state, data).latestVersion + 1;
      return [PromptVersionDrafted({ ...data, version, draftedBy: meta.actor.id, draftedAt: meta.now })];
    },

    ActivatePromptVersion({ data, meta }, state) {
      mustManage(meta);
      const { latestVersion, activeVersion } = mustBeActive(state, data);
      if (data.version > latestVersion) throw new PromptVersionNotFound({ ...data, latestVersion });
      if (data.version === activeVersion) return [];
      return [PromptVersionActivated({ ...data, activatedBy: meta.actor.id, activatedAt: meta.now })];
    },
  },

  evolve: {
    AgentCreated: (_, { data: { createdBy, name } }) => ({ status: 'active', createdBy, createdAs: name, name, latestVersion: 0, activeVersion: 0 }),
    AgentRenamed: (state, { data: { name } }) => ({ ...state, name }),
    AgentArchived: (state) => (state.status === 'new' ? state : { ...state, status: 'archived' }),
    PromptVersionDrafted: (state, { data: { version } }) => ({ ...state, latestVersion: version }),
    PromptVersionActivated: (state, { data: { version } }) => ({ ...state, activeVersion: version }),
  },
});

function mustManage({ actor }: Meta): void {
  if (!MANAGERS.includes(actor.role)) throw new AgentManagementNotAllowed({ role: actor.role });
}

function mustBeActive(state: Agent, { agentId }: { agentId: string }): Known {
  if (state.status === 'new') throw new AgentNotFound({ agentId });
  if (state.status === 'archived') throw new AgentNotActive({ agentId });
  return state;
}
