/** What other contexts may know of agents. Nothing else of agents may be imported from outside. */
export { AgentArchived, AgentCreated, AgentRenamed, PromptVersionActivated, PromptVersionDrafted, promptShape } from './domain/agent.events.js';
