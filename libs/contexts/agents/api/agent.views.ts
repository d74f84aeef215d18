import type { AgentWithPrompt } from '../read/agents/agent-with-prompt.js';
import type { PromptVersionRow } from '../read/prompt-versions/prompt-versions.projection.js';
import type { Agent, PromptVersion, PromptVersionStatus } from './agent.types.js';

/** An agent as GraphQL shows it. */
export function agentView({ agentId: id, name, activeVersion, latestVersion, createdBy, createdAt, archivedAt, prompt }: AgentWithPrompt): Agent {
  const status = archivedAt ? 'archived' : 'active';
  return { id, name, status, prompt: promptVersionView(prompt, activeVersion), latestVersion, createdBy, createdAt, archivedAt };
}

/** A prompt version as GraphQL shows it. @param activeVersion the agent's */
export function promptVersionView(row: PromptVersionRow, activeVersion: number): PromptVersion {
  const { agentId, version, provider, model, instructions, temperature, maxOutputTokens, draftedBy, draftedAt, activatedAt } = row;
  const status: PromptVersionStatus = version === activeVersion ? 'active' : activatedAt ? 'archived' : 'draft';
  return { agentId, version, status, provider, model, instructions, temperature, maxOutputTokens, draftedBy, draftedAt, activatedAt };
}
