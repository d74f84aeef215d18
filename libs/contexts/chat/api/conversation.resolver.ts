import { CommandSender } from '@parley/platform/cqrs/command-sender.js';
import { type CallerIdentity, CurrentCaller } from '@parley/platform/graphql-kit/caller.js';
import { ConnectionArgs } from '@parley/platform/graphql-kit/connection.js';
import { type AskedFields, AskedOfNodes, columnsOf } from '@parley/platform/graphql-kit/execution/asked-fields.js';
import { creationMeta } from '@parley/platform/graphql-kit/creations.js';
import { type MutationRequest, Requests } from '@parley/platform/graphql-kit/requests.js';
import { ConsistencyTokens } from '@parley/platform/read-model/consistency.js';
import { connectionOf, pageOf } from '@parley/platform/read-model/keyset.js';
import { QueryBus } from '@nestjs/cqrs';
import { Args, Mutation, Query, Resolver } from '@nestjs/graphql';
import { DeleteConversation, RenameConversation, StartConversation } from '../domain/conversation.commands.js';
import { FindConversation } from '../read/conversations/find-conversation.query.js';
import { conversationOrder, ListConversations } from '../read/conversations/list-conversations.query.js';
import { conversationView } from './chat.views.js';
import { DeleteConversationInput, RenameConversationInput, StartConversationInput } from './conversation.inputs.js';
import { Conversation, ConversationArgs, ConversationConnection, ConversationPayload } from './conversation.types.js';

/** Translates between GraphQL and chat's commands and queries; decides nothing. */
@Resolver(() => Conversation)
export class ConversationResolver {
  constructor(private readonly commands: CommandSender, private readonly queries: QueryBus, private readonly tokens: ConsistencyTokens) {}

  @Query(() => Conversation, { nullable: true, description: 'A conversation of yours; null when there is none.' })
  async conversation(@Args() { id }: ConversationArgs, @CurrentCaller() { tenantId, personId }: CallerIdentity): Promise<Conversation | null> {
    const found = await this.queries.execute(new FindConversation(tenantId, personId, id));
    return found ? conversationView(found) : null;
  }

  @Query(() => ConversationConnection, { description: 'Your conversations: the one that you spoke in last comes first.' })
  async conversations(@Args() args: ConnectionArgs, @CurrentCaller() { tenantId, personId }: CallerIdentity, @AskedOfNodes() asked: AskedFields): Promise<ConversationConnection> {
    const columns = columnsOf(asked, { id: ['conversationId'] });
    const rows = await this.queries.execute(new ListConversations(tenantId, personId, pageOf(conversationOrder, args), columns));
    return connectionOf(conversationOrder, args, rows, conversationView);
  }

  @Mutation(() => ConversationPayload, { description: 'Opens a conversation with an agent. Only you will see it.' })
  startConversation(
    @Args('input') { agentId, title = null, conversationId: ownId, idempotencyKey }: StartConversationInput,
    @CurrentCaller() caller: CallerIdentity,
    @Requests() request: MutationRequest,
  ): Promise<ConversationPayload> {
    const meta = creationMeta(request, caller, idempotencyKey, 'conversation', ownId);
    return this.send(new StartConversation({ conversationId: request.newId(meta, 'conversation', ownId), agentId, title }, meta));
  }

  @Mutation(() => ConversationPayload, { description: 'Gives your conversation another title.' })
  renameConversation(
    @Args('input') { conversationId, title, idempotencyKey }: RenameConversationInput,
    @CurrentCaller() caller: CallerIdentity,
    @Requests() request: MutationRequest,
  ): Promise<ConversationPayload> {
    return this.send(new RenameConversation({ conversationId, title }, request.meta(caller, idempotencyKey)));
  }

  @Mutation(() => ConversationPayload, { description: 'Hides your conversation for good, and stops what is being made for it.' })
  deleteConversation(
    @Args('input') { conversationId, idempotencyKey }: DeleteConversationInput,
    @CurrentCaller() caller: CallerIdentity,
    @Requests() request: MutationRequest,
  ): Promise<ConversationPayload> {
    return this.send(new DeleteConversation({ conversationId }, request.meta(caller, idempotencyKey)));
  }

  private async send(command: StartConversation | RenameConversation | DeleteConversation): Promise<ConversationPayload> {
    const { position } = await this.commands.send(command);
    return { conversationId: command.data.conversationId, consistencyToken: this.tokens.issue(command.meta.tenantId, position) };
  }
}
