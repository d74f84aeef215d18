import { Connection, ConnectionArgs } from '@parley/platform/graphql-kit/connection.js';
import { IdField } from '@parley/platform/graphql-kit/input-fields.js';
import { ArgsType, Field, ID, Int, ObjectType } from '@nestjs/graphql';
import { Reply } from './reply.types.js';

@ObjectType({ description: 'A conversation of yours with an agent. Nobody else sees it.' })
export class Conversation {
  @Field(() => ID) id: string;
  @Field(() => ID) agentId: string;
  @Field(() => String, { nullable: true, description: 'As it was given at the start or since; null: it has none.' }) title: string | null;
  @Field(() => Int, { description: 'How many messages you sent; replies are not counted.' }) messageCount: number;
  @Field(() => Date) startedAt: Date;
  @Field(() => Date, { description: 'When you spoke last, or started it.' }) lastMessageAt: Date;
}

@ObjectType({ description: 'A page of your conversations: the one that you spoke in last comes first.' })
export class ConversationConnection extends Connection(Conversation) {}

@ObjectType({ description: 'Something that you said, and what was answered.' })
export class Message {
  @Field(() => ID) id: string;
  @Field(() => ID) conversationId: string;
  @Field(() => ID, { description: 'Who said it.' }) sentBy: string;
  @Field({ description: 'What was said; `[erased]` once the person was erased.' }) text: string;
  @Field(() => Date) sentAt: Date;
  @Field(() => Reply, { nullable: true, description: 'The reply that counts: the last one that was asked for.' }) reply: Reply | null;
  @Field(() => [Reply], { description: 'All replies, in the order they were asked for.' }) replies: Reply[];
}

@ObjectType({ description: 'A page of what was said in a conversation, in order. For the latest ask `last: 50`.' })
export class MessageConnection extends Connection(Message) {}

@ArgsType()
export class ConversationArgs {
  @IdField('Which conversation.') id: string;
}

@ArgsType()
export class MessagesArgs extends ConnectionArgs {
  @IdField('Of which conversation.') conversationId: string;
}

@ObjectType({ description: 'What a change of a conversation answers.' })
export class ConversationPayload {
  @Field(() => ID) conversationId: string;
  @Field({ description: 'Send it with a query to see this change.' }) consistencyToken: string;
}

@ObjectType({ description: 'What the sending of a message answers.' })
export class SendMessagePayload {
  @Field(() => ID) conversationId: string;
  @Field(() => ID) messageId: string;
  @Field(() => ID, { description: 'The reply that is being made: follow it with `replyStream`.' }) replyId: string;
  @Field({ description: 'Send it with a query to see this change.' }) consistencyToken: string;
}

@ObjectType({ description: 'What a wish about a reply answers.' })
export class ReplyPayload {
  @Field(() => ID) conversationId: string;
  @Field(() => ID, { description: 'The reply that is stopped, or the new one that is being made.' }) replyId: string;
  @Field({ description: 'Send it with a query to see this change.' }) consistencyToken: string;
}
