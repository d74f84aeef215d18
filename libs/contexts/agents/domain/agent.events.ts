import { defineEvent, type EventOf } from '@parley/kernel/event.js';
import { id, instant } from '@parley/kernel/meta.js';
import { z } from 'zod';

/** Names the streams of agents: `streamName(AGENT_CATEGORY, tenantId, agentId)`. */
export const AGENT_CATEGORY = 'agents.agent';

/** What a prompt version holds: the model's parameters travel with the instructions, so a rollback brings both back. */
export const promptShape = {
  provider: z.string().min(1).max(100),
  model: z.string().min(1).max(200),
  instructions: z.string().max(100_000),
  /** 0 to 2; null: the provider's default. */
  temperature: z.number().min(0).max(2).nullable(),
  /** Most tokens of a reply; null: the provider's default. */
  maxOutputTokens: z.int().positive().nullable(),
};

/** Someone set up an agent. First fact of every agent stream; its prompt version 1 follows at once. */
export const AgentCreated = defineEvent('AgentCreated', z.object({ agentId: id, name: z.string(), createdBy: id, createdAt: instant }));

/** Someone gave the agent another name. Nothing else changes. */
export const AgentRenamed = defineEvent('AgentRenamed', z.object({ agentId: id, name: z.string(), renamedBy: id, renamedAt: instant }));

/** The agent takes no more messages. Its conversations stay. Last fact of the stream. */
export const AgentArchived = defineEvent('AgentArchived', z.object({ agentId: id, archivedBy: id, archivedAt: instant }));

/** Someone wrote a new version of the prompt. Nothing uses it until it is activated. */
export const PromptVersionDrafted = defineEvent(
  'PromptVersionDrafted',
  z.object({ agentId: id, version: z.int().positive(), ...promptShape, draftedBy: id, draftedAt: instant }),
);

/** From now on replies are made by this version; a rollback is the activation of an older one. Inference reads it (agents/contract). */
export const PromptVersionActivated = defineEvent(
  'PromptVersionActivated',
  z.object({ agentId: id, version: z.int().positive(), activatedBy: id, activatedAt: instant }),
);

export type AgentEvent = EventOf<
  typeof AgentCreated | typeof AgentRenamed | typeof AgentArchived | typeof PromptVersionDrafted | typeof PromptVersionActivated
>;
