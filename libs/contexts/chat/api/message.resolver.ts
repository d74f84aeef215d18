import { CommandSender } from '@parley/platform/cqrs/command-sender.js';
import { idFrom } from '@parley/platform/cqrs/event-id.js';
import { type CallerIdentity, CurrentCaller } from '@parley/platform/graphql-kit/caller.js';
import { type AskedFields, AskedOfNodes, columnsOf } from '@parley/platform/graphql-kit/execution/asked-fields.js';
import { creationMeta } from '@parley/platform/graphql-kit/creations.js';
import { type MutationRequest, Requests } from '@parley/platform/graphql-kit/requests.js';
import { ConsistencyTokens } from '@parley/platform/read-model/consistency.js';
import { connectionOf, pageOf } from '@parley/platform/read-model/keyset.js';
import { QueryBus } from '@nestjs/cqrs';
import { Args, Mutation, Query, Resolver } from '@nestjs/graphql';
import { RegenerateReply, SendMessage, StopReply } from '../domain/conversation.commands.js';
import { ListMessages, messageOrder } from '../read/messages/list-messages.query.js';
import { FindReply } from '../read/replies/find-reply.query.js';
import { messageView, replyView } from './chat.views.js';
import { RegenerateReplyInput, SendMessageInput, StopReplyInput } from './conversation.inputs.js';
import { Message, MessageConnection, MessagesArgs, ReplyPayload, SendMessagePayload } from './conversation.types.js';
import { Reply, ReplyArgs } from './reply.types.js';

/** What is said in a conversation, and what is answered. */
@Resolver(() => Message)
export class MessageResolver {
  constructor(private readonly commands: CommandSender, private readonly queries: QueryBus, private readonly tokens: ConsistencyTokens) {}

  @Query(() => MessageConnection, { nullable: true, description: 'What was said in your conversation, in order; null when there is none.' })
  async messages(@Args() args: MessagesArgs, @CurrentCaller() { tenantId, personId }: CallerIdentity, @AskedOfNodes() asked: AskedFields): Promise<MessageConnection | null> {
    const parts = { columns: columnsOf(asked, { id: ['messageId'], reply: [], replies: [] }), replies: asked.has('reply') || asked.has('replies') };
    const rows = await this.queries.execute(new ListMessages(tenantId, personId, args.conversationId, pageOf(messageOrder, args), parts));
    return rows ? connectionOf(messageOrder, args, rows, messageView) : null;
  }

  @Query(() => Reply, { nullable: true, description: 'A reply to you; null when there is none. To watch it being made, subscribe to `replyStream`.' })
  async reply(@Args() { id }: ReplyArgs, @CurrentCaller() { tenantId, personId }: CallerIdentity): Promise<Reply | null> {
    const found = await this.queries.execute(new FindReply(tenantId, personId, id));
    return found ? replyView(found) : null;
  }

  @Mutation(() => SendMessagePayload, { description: 'Says something to the agent of your conversation. Its reply is made whether you watch it or not.' })
  async sendMessage(
    @Args('input') { conversationId, text, messageId: ownId, idempotencyKey }: SendMessageInput,
    @CurrentCaller() caller: CallerIdentity,
    @Requests() request: MutationRequest,
  ): Promise<SendMessagePayload> {
    const meta = creationMeta(request, caller, idempotencyKey, 'message', ownId && `${conversationId}:${ownId}`);
    const messageId = request.newId(meta, 'message', ownId);
    // It follows from the message, so that a repeat names the same reply; and from the conversation, so that nobody else's message does.
    const replyId = idFrom(`${caller.tenantId}/${conversationId}/${messageId}`.toLowerCase(), 'reply');
    const { position } = await this.commands.send(new SendMessage({ conversationId, messageId, replyId, text }, meta));
    return { conversationId, messageId, replyId, consistencyToken: this.tokens.issue(caller.tenantId, position) };
  }

  @Mutation(() => ReplyPayload, { description: 'Asks for another reply to the same message, in place of the one that ended.' })
  regenerateReply(
    @Args('input') { conversationId, replyId: replacesReplyId, idempotencyKey }: RegenerateReplyInput,
    @CurrentCaller() caller: CallerIdentity,
    @Requests() request: MutationRequest,
  ): Promise<ReplyPayload> {
    const meta = request.meta(caller, idempotencyKey);
    const replyId = idFrom(`${caller.tenantId}/${conversationId}/${meta.commandId}`.toLowerCase(), 'regeneration');
    return this.send(new RegenerateReply({ conversationId, replyId, replacesReplyId }, meta));
  }

  @Mutation(() => ReplyPayload, { description: 'Stops a reply that is being made; what there is of it stays. Without effect on one that has ended.' })
  stopReply(
    @Args('input') { conversationId, replyId, idempotencyKey }: StopReplyInput,
    @CurrentCaller() caller: CallerIdentity,
    @Requests() request: MutationRequest,
  ): Promise<ReplyPayload> {
    return this.send(new StopReply({ conversationId, replyId }, request.meta(caller, idempotencyKey)));
  }

  private async send(command: RegenerateReply | StopReply): Promise<ReplyPayload> {
    const { position } = await this.commands.send(command);
    const { conversationId, replyId } = command.data;
    return { conversationId, replyId, consistencyToken: this.tokens.issue(command.meta.tenantId, position) };
  }
}
