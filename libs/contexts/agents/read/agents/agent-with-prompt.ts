import type { EntityManager } from 'typeorm';
import { PromptVersionRow } from '../prompt-versions/prompt-versions.projection.js';
import { AgentRow } from './agents.projection.js';

/** An agent beside the prompt version that is active. */
export type AgentWithPrompt = AgentRow & { readonly prompt: PromptVersionRow };

/** Agents of the tenant, each with its active prompt. */
export const agentsWithPrompt = (manager: EntityManager, tenantId: string) =>
  manager
    .createQueryBuilder(AgentRow, 'agent')
    .innerJoinAndMapOne(
      'agent.prompt',
      PromptVersionRow,
      'prompt',
      'prompt.tenantId = agent.tenantId and prompt.agentId = agent.agentId and prompt.version = agent.activeVersion',
    )
    .where('agent.tenantId = :tenantId', { tenantId });
