import { IdempotencyKeyField, IdField, OwnIdField } from '@parley/platform/graphql-kit/input-fields.js';
import { applyDecorators } from '@nestjs/common';
import { Field, Float, InputType, Int } from '@nestjs/graphql';
import { IsInt, IsNumber, IsOptional, IsString, Max, MaxLength, Min, MinLength } from 'class-validator';
import { MAX_AGENT_NAME_LENGTH, MAX_INSTRUCTIONS_LENGTH } from '../domain/agent.commands.js';

/** A prompt version, as a person writes it. */
@InputType({ isAbstract: true })
class PromptInput {
  @Field({ description: 'Which provider answers, e.g. `openai`, `anthropic`, `simulator`.' })
  @IsString() @MinLength(1) @MaxLength(100)
  provider: string;

  @Field({ description: "The provider's name of the model." })
  @IsString() @MinLength(1) @MaxLength(200)
  model: string;

  @Field({ description: `The system prompt; at most ${MAX_INSTRUCTIONS_LENGTH} characters. May be empty.` })
  @IsString() @MaxLength(MAX_INSTRUCTIONS_LENGTH)
  instructions: string;

  @Field(() => Float, { nullable: true, description: "0 to 2; without it the provider's default." })
  @IsOptional() @IsNumber() @Min(0) @Max(2)
  temperature?: number | null;

  @Field(() => Int, { nullable: true, description: "Most tokens of a reply; without it the provider's default." })
  @IsOptional() @IsInt() @Min(1)
  maxOutputTokens?: number | null;
}

const NameField = () =>
  applyDecorators(
    Field({ description: `What it is called; at most ${MAX_AGENT_NAME_LENGTH} characters.` }),
    IsString(),
    MinLength(1),
    MaxLength(MAX_AGENT_NAME_LENGTH),
  );

@InputType()
export class CreateAgentInput extends PromptInput {
  @NameField() name: string;
  @OwnIdField('agent') agentId?: string | null;
  @IdempotencyKeyField() idempotencyKey?: string | null;
}

@InputType()
export class RenameAgentInput {
  @IdField('Which agent.') agentId: string;
  @NameField() name: string;
  @IdempotencyKeyField() idempotencyKey?: string | null;
}

@InputType()
export class ArchiveAgentInput {
  @IdField('Which agent.') agentId: string;
  @IdempotencyKeyField() idempotencyKey?: string | null;
}

@InputType()
export class DraftPromptVersionInput extends PromptInput {
  @IdField('Of which agent.') agentId: string;
  @IdempotencyKeyField() idempotencyKey?: string | null;
}

@InputType()
export class ActivatePromptVersionInput {
  @IdField('Of which agent.') agentId: string;

  @Field(() => Int, { description: 'Which version; an older one rolls back.' })
  @IsInt() @Min(1)
  version: number;

  @IdempotencyKeyField() idempotencyKey?: string | null;
}
