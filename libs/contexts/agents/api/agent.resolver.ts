import { CommandSender } from '@parley/platform/cqrs/command-sender.js';
import { type CallerIdentity, CurrentCaller } from '@parley/platform/graphql-kit/caller.js';
import { creationMeta } from '@parley/platform/graphql-kit/creations.js';
import { type MutationRequest, Requests } from '@parley/platform/graphql-kit/requests.js';
import { ConsistencyTokens } from '@parley/platform/read-model/consistency.js';
import { connectionOf, pageOf } from '@parley/platform/read-model/keyset.js';
import { QueryBus } from '@nestjs/cqrs';
import { Args, Mutation, Query, Resolver } from '@nestjs/graphql';
import { type AgentCommand, ArchiveAgent, CreateAgent, RenameAgent } from '../domain/agent.commands.js';
import { FindAgent } from '../read/agents/find-agent.query.js';
import { agentOrder, ListAgents } from '../read/agents/list-agents.query.js';
import { ArchiveAgentInput, CreateAgentInput, RenameAgentInput } from './agent.inputs.js';
import { Agent, AgentArgs, AgentConnection, AgentPayload, AgentsArgs } from './agent.types.js';
import { agentView } from './agent.views.js';

/** Translates between GraphQL and the commands and queries of agents; decides nothing. */
@Resolver(() => Agent)
export class AgentResolver {
  constructor(private readonly commands: CommandSender, private readonly queries: QueryBus, private readonly tokens: ConsistencyTokens) {}

  @Query(() => Agent, { nullable: true, description: 'An agent of your tenant, archived or not; null when there is none.' })
  async agent(@Args() { id }: AgentArgs, @CurrentCaller() { tenantId }: CallerIdentity): Promise<Agent | null> {
    const found = await this.queries.execute(new FindAgent(tenantId, id));
    return found ? agentView(found) : null;
  }

  @Query(() => AgentConnection, { description: 'The agents of your tenant, oldest first.' })
  async agents(@Args() args: AgentsArgs, @CurrentCaller() { tenantId }: CallerIdentity): Promise<AgentConnection> {
    const rows = await this.queries.execute(new ListAgents(tenantId, args.includeArchived, pageOf(agentOrder, args)));
    return connectionOf(agentOrder, args, rows, agentView);
  }

  @Mutation(() => AgentPayload, { description: 'Sets up an agent; its prompt is version 1, and active. For owners and administrators.' })
  createAgent(@Args('input') input: CreateAgentInput, @CurrentCaller() caller: CallerIdentity, @Requests() request: MutationRequest): Promise<AgentPayload> {
    const { idempotencyKey, agentId: ownId, name, provider, model, instructions, temperature = null, maxOutputTokens = null } = input;
    const meta = creationMeta(request, caller, idempotencyKey, 'agent', ownId);
    const agentId = request.newId(meta, 'agent', ownId);
    return this.send(new CreateAgent({ agentId, name, provider, model, instructions, temperature, maxOutputTokens }, meta));
  }

  @Mutation(() => AgentPayload, { description: 'Gives an agent another name. For owners and administrators.' })
  renameAgent(
    @Args('input') { agentId, name, idempotencyKey }: RenameAgentInput,
    @CurrentCaller() caller: CallerIdentity,
    @Requests() request: MutationRequest,
  ): Promise<AgentPayload> {
    return this.send(new RenameAgent({ agentId, name }, request.meta(caller, idempotencyKey)));
  }

  @Mutation(() => AgentPayload, { description: 'The agent takes no more messages; its conversations stay. For owners and administrators.' })
  archiveAgent(
    @Args('input') { agentId, idempotencyKey }: ArchiveAgentInput,
    @CurrentCaller() caller: CallerIdentity,
    @Requests() request: MutationRequest,
  ): Promise<AgentPayload> {
    return this.send(new ArchiveAgent({ agentId }, request.meta(caller, idempotencyKey)));
  }

  private async send(command: Exclude<AgentCommand, { type: 'DraftPromptVersion' | 'ActivatePromptVersion' }>): Promise<AgentPayload> {
    const { position } = await this.commands.send(command);
    return { agentId: command.data.agentId, consistencyToken: this.tokens.issue(command.meta.tenantId, position) };
  }
}
