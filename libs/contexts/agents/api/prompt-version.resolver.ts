import { CommandSender } from '@parley/platform/cqrs/command-sender.js';
import { type CallerIdentity, CurrentCaller } from '@parley/platform/graphql-kit/caller.js';
import { ReadYourWrites } from '@parley/platform/graphql-kit/consistent.js';
import { type MutationRequest, Requests } from '@parley/platform/graphql-kit/requests.js';
import { ConsistencyTokens } from '@parley/platform/read-model/consistency.js';
import { connectionOf, pageOf } from '@parley/platform/read-model/keyset.js';
import { QueryBus } from '@nestjs/cqrs';
import { Args, Mutation, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import { ActivatePromptVersion, DraftPromptVersion } from '../domain/agent.commands.js';
import { FindDraftedVersion } from '../read/prompt-versions/find-drafted-version.query.js';
import { ListPromptVersions, promptVersionOrder } from '../read/prompt-versions/list-prompt-versions.query.js';
import { ActivatePromptVersionInput, DraftPromptVersionInput } from './agent.inputs.js';
import { AgentPayload, DraftPromptVersionPayload, PromptVersion, PromptVersionConnection, PromptVersionsArgs } from './agent.types.js';
import { promptVersionView } from './agent.views.js';

/** Drafts, activation and history of an agent's prompt. */
@Resolver(() => DraftPromptVersionPayload)
export class PromptVersionResolver {
  constructor(
    private readonly commands: CommandSender,
    private readonly queries: QueryBus,
    private readonly tokens: ConsistencyTokens,
    private readonly writes: ReadYourWrites,
  ) {}

  @Query(() => PromptVersionConnection, { nullable: true, description: "The versions of an agent's prompt, latest first; null when there is no such agent." })
  async promptVersions(@Args() args: PromptVersionsArgs, @CurrentCaller() { tenantId }: CallerIdentity): Promise<PromptVersionConnection | null> {
    const history = await this.queries.execute(new ListPromptVersions(tenantId, args.agentId, pageOf(promptVersionOrder, args)));
    if (!history) return null;
    return connectionOf(promptVersionOrder, args, history.versions, (row) => promptVersionView(row, history.activeVersion));
  }

  @Mutation(() => DraftPromptVersionPayload, { description: 'Adds a version of the prompt; replies go on with the active one. For owners and administrators.' })
  async draftPromptVersion(
    @Args('input') { idempotencyKey, agentId, provider, model, instructions, temperature = null, maxOutputTokens = null }: DraftPromptVersionInput,
    @CurrentCaller() caller: CallerIdentity,
    @Requests() request: MutationRequest,
  ): Promise<DraftPromptVersionPayload> {
    const data = { agentId, provider, model, instructions, temperature, maxOutputTokens };
    const { position, revision } = await this.commands.send(new DraftPromptVersion(data, request.meta(caller, idempotencyKey)));
    return { agentId, consistencyToken: this.tokens.issue(caller.tenantId, position), revision };
  }

  @ResolveField(() => PromptVersion, { description: 'The new version. Waits for the read models; leave it out where you only need to know that it was taken.' })
  async promptVersion(
    @Parent() { agentId, consistencyToken, revision }: DraftPromptVersionPayload,
    @CurrentCaller() { tenantId }: CallerIdentity,
  ): Promise<PromptVersion> {
    await this.writes.wait(consistencyToken, tenantId);
    const found = await this.queries.execute(new FindDraftedVersion(tenantId, agentId, revision));
    if (!found) throw new Error('agents.prompt_versions: a drafted version is missing, though the read models have got to it');
    return promptVersionView(found.versions[0]!, found.activeVersion);
  }

  @Mutation(() => AgentPayload, { description: 'Replies are made by this version from now on; an older one rolls back. For owners and administrators.' })
  async activatePromptVersion(
    @Args('input') { agentId, version, idempotencyKey }: ActivatePromptVersionInput,
    @CurrentCaller() caller: CallerIdentity,
    @Requests() request: MutationRequest,
  ): Promise<AgentPayload> {
    const { position } = await this.commands.send(new ActivatePromptVersion({ agentId, version }, request.meta(caller, idempotencyKey)));
    return { agentId, consistencyToken: this.tokens.issue(caller.tenantId, position) };
  }
}
