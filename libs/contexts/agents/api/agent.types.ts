import { Connection, ConnectionArgs } from '@parley/platform/graphql-kit/connection.js';
import { IdField } from '@parley/platform/graphql-kit/input-fields.js';
import { enumOf } from '@parley/platform/graphql-kit/metering.types.js';
import { ArgsType, Field, Float, ID, Int, ObjectType } from '@nestjs/graphql';
import { IsBoolean } from 'class-validator';

export type AgentStatus = 'active' | 'archived';
const AgentStatusEnum = enumOf<AgentStatus>('AgentStatus', 'Whether an agent takes messages.', ['active', 'archived']);

export type PromptVersionStatus = 'draft' | 'active' | 'archived';
const PromptVersionStatusEnum = enumOf<PromptVersionStatus>(
  'PromptVersionStatus',
  'DRAFT: never activated. ACTIVE: replies are made by it. ARCHIVED: it was active before; activate it again to roll back.',
  ['draft', 'active', 'archived'],
);

@ObjectType({ description: 'What an agent is told before each conversation, and how its model is called.' })
export class PromptVersion {
  @Field(() => ID) agentId: string;
  @Field(() => Int, { description: '1, 2, 3 …' }) version: number;
  @Field(() => PromptVersionStatusEnum, { description: 'Whether replies are made by it.' }) status: PromptVersionStatus;
  @Field({ description: 'Which provider answers, e.g. `openai`.' }) provider: string;
  @Field({ description: "The provider's name of the model." }) model: string;
  @Field({ description: 'The system prompt.' }) instructions: string;
  @Field(() => Float, { nullable: true, description: "0 to 2; null: the provider's default." }) temperature: number | null;
  @Field(() => Int, { nullable: true, description: "Most tokens of a reply; null: the provider's default." }) maxOutputTokens: number | null;
  @Field(() => ID, { description: 'Who wrote it.' }) draftedBy: string;
  @Field(() => Date) draftedAt: Date;
  @Field(() => Date, { nullable: true, description: 'The last time; null: never.' }) activatedAt: Date | null;
}

@ObjectType({ description: 'Someone to talk to: a model with instructions, of the tenant.' })
export class Agent {
  @Field(() => ID) id: string;
  @Field() name: string;
  @Field(() => AgentStatusEnum, { description: 'Whether it takes messages.' }) status: AgentStatus;
  @Field(() => PromptVersion, { description: 'The active version: replies are made by it.' }) prompt: PromptVersion;
  @Field(() => Int, { description: 'The newest version, active or not.' }) latestVersion: number;
  @Field(() => ID, { description: 'Who created it.' }) createdBy: string;
  @Field(() => Date) createdAt: Date;
  @Field(() => Date, { nullable: true }) archivedAt: Date | null;
}

@ObjectType({ description: 'A page of agents, oldest first.' })
export class AgentConnection extends Connection(Agent) {}

@ObjectType({ description: "A page of the versions of an agent's prompt, latest first." })
export class PromptVersionConnection extends Connection(PromptVersion) {}

@ObjectType({ description: 'What a change of an agent answers.' })
export class AgentPayload {
  @Field(() => ID) agentId: string;
  @Field({ description: 'Send it with a query to see this change.' }) consistencyToken: string;
}

@ObjectType({ description: 'What the draft of a prompt version answers.' })
export class DraftPromptVersionPayload {
  @Field(() => ID) agentId: string;
  @Field({ description: 'Send it with a query to see this change.' }) consistencyToken: string;
  /** Place of the draft in the agent's stream; not shown. */
  revision: bigint;
}

@ArgsType()
export class AgentArgs {
  @IdField('Which agent.') id: string;
}

@ArgsType()
export class AgentsArgs extends ConnectionArgs {
  @Field({ defaultValue: false, description: 'Archived ones too.' })
  @IsBoolean()
  includeArchived: boolean;
}

@ArgsType()
export class PromptVersionsArgs extends ConnectionArgs {
  @IdField('Of which agent.') agentId: string;
}
