import { Module } from '@nestjs/common';
import { AgentResolver } from './agent.resolver.js';
import { PromptVersionResolver } from './prompt-version.resolver.js';

/** Runs where GraphQL is answered. */
@Module({ providers: [AgentResolver, PromptVersionResolver] })
export class AgentsApiModule {}
