import { agents } from './agents/agents.projection.js';
import { promptVersions } from './prompt-versions/prompt-versions.projection.js';

/** All read models of agents. */
export const agentsProjections = [agents, promptVersions];
