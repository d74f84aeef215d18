import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { agentsProjections } from './agents-projections.js';
import { FindAgentHandler } from './agents/find-agent.query.js';
import { ListAgentsHandler } from './agents/list-agents.query.js';
import { FindDraftedVersionHandler } from './prompt-versions/find-drafted-version.query.js';
import { ListPromptVersionsHandler } from './prompt-versions/list-prompt-versions.query.js';

/** Runs where queries are answered. */
@Module({
  imports: [TypeOrmModule.forFeature(agentsProjections.map(({ row }) => row))],
  providers: [FindAgentHandler, ListAgentsHandler, FindDraftedVersionHandler, ListPromptVersionsHandler],
})
export class AgentsQueryModule {}
