import { IdempotencyKeyField, IdField, OwnIdField } from '@parley/platform/graphql-kit/input-fields.js';
import { Field, InputType } from '@nestjs/graphql';
import { IsOptional, IsString, MaxLength, MinLength } from 'class-validator';
import { MAX_MESSAGE_LENGTH, MAX_TITLE_LENGTH } from '../domain/conversation.commands.js';

@InputType()
export class StartConversationInput {
  @IdField('Whom to talk to.') agentId: string;

  @Field(() => String, { nullable: true, description: `At most ${MAX_TITLE_LENGTH} characters.` })
  @IsOptional() @IsString() @MinLength(1) @MaxLength(MAX_TITLE_LENGTH)
  title?: string | null;

  @OwnIdField('conversation') conversationId?: string | null;
  @IdempotencyKeyField() idempotencyKey?: string | null;
}

@InputType()
export class SendMessageInput {
  @IdField('In which conversation.') conversationId: string;

  @Field({ description: `What you say; at most ${MAX_MESSAGE_LENGTH} characters.` })
  @IsString() @MinLength(1) @MaxLength(MAX_MESSAGE_LENGTH)
  text: string;

  @OwnIdField('message') messageId?: string | null;
  @IdempotencyKeyField() idempotencyKey?: string | null;
}

@InputType()
export class RegenerateReplyInput {
  @IdField('In which conversation.') conversationId: string;
  @IdField('The reply to be replaced: the last one to its message, and ended.') replyId: string;
  @IdempotencyKeyField() idempotencyKey?: string | null;
}

@InputType()
export class StopReplyInput {
  @IdField('In which conversation.') conversationId: string;
  @IdField('The reply that is being made.') replyId: string;
  @IdempotencyKeyField() idempotencyKey?: string | null;
}

@InputType()
export class RenameConversationInput {
  @IdField('Which conversation.') conversationId: string;

  @Field({ description: `At most ${MAX_TITLE_LENGTH} characters.` })
  @IsString() @MinLength(1) @MaxLength(MAX_TITLE_LENGTH)
  title: string;

  @IdempotencyKeyField() idempotencyKey?: string | null;
}

@InputType()
export class DeleteConversationInput {
  @IdField('Which conversation.') conversationId: string;
  @IdempotencyKeyField() idempotencyKey?: string | null;
}
