/** What other contexts may know of agents. Nothing else of agents may be imported from outside. */
export { AGENT_CATEGORY, AgentArchived, AgentCreated, AgentRenamed, PromptVersionActivated, PromptVersionDrafted, promptShape } from './domain/agent.events.js';
