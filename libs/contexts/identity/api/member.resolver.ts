import type { Meta } from '@parley/kernel/meta.js';
import { CommandSender, type Receipt } from '@parley/platform/cqrs/command-sender.js';
import { type CallerIdentity, CurrentCaller } from '@parley/platform/graphql-kit/caller.js';
import { ConnectionArgs } from '@parley/platform/graphql-kit/connection.js';
import { creationMeta } from '@parley/platform/graphql-kit/creations.js';
import { May } from '@parley/platform/graphql-kit/permissions.js';
import { type MutationRequest, Requests } from '@parley/platform/graphql-kit/requests.js';
import { ConsistencyTokens } from '@parley/platform/read-model/consistency.js';
import { connectionOf, pageOf } from '@parley/platform/read-model/keyset.js';
import { QueryBus } from '@nestjs/cqrs';
import { Args, Mutation, Query, Resolver } from '@nestjs/graphql';
import { ChangePersonRole } from '../domain/person.commands.js';
import { Enrol } from '../domain/sign-in.commands.js';
import { ListPeople, peopleOrder } from '../read/people/list-people.query.js';
import { AddMemberInput, ChangeMemberRoleInput, MemberPayload, PersonConnection } from './person.types.js';
import { personView } from './person.views.js';

/** Who works in the tenant, and as what. */
@May('members:manage')
@Resolver()
export class MemberResolver {
  constructor(
    private readonly commands: CommandSender,
    private readonly queries: QueryBus,
    private readonly tokens: ConsistencyTokens,
  ) {}

  @Query(() => PersonConnection, { description: 'The people of your tenant; who came first comes first. For owners and administrators.' })
  async people(@Args() args: ConnectionArgs, @CurrentCaller() { tenantId }: CallerIdentity): Promise<PersonConnection> {
    return connectionOf(peopleOrder, args, await this.queries.execute(new ListPeople(tenantId, pageOf(peopleOrder, args))), personView);
  }

  @Mutation(() => MemberPayload, { description: 'Takes someone into your tenant, with an account of their own. For owners and administrators.' })
  async addMember(@Args('input') input: AddMemberInput, @CurrentCaller() caller: CallerIdentity, @Requests() request: MutationRequest): Promise<MemberPayload> {
    const { personId: ownId, email, name, password, role, idempotencyKey } = input;
    const meta = creationMeta(request, caller, idempotencyKey, 'person', ownId);
    const personId = request.newId(meta, 'person', ownId);
    return this.payload(personId, meta, await this.commands.execute<Receipt>(new Enrol({ personId, email, name: name ?? null, password, role }, meta)));
  }

  @Mutation(() => MemberPayload, {
    description: 'Gives someone another role; their tokens carry it from the next refresh on. For owners and administrators; nobody changes their own.',
  })
  async changeMemberRole(
    @Args('input') { personId, role, idempotencyKey }: ChangeMemberRoleInput,
    @CurrentCaller() caller: CallerIdentity,
    @Requests() request: MutationRequest,
  ): Promise<MemberPayload> {
    const meta = request.meta(caller, idempotencyKey);
    return this.payload(personId, meta, await this.commands.send(new ChangePersonRole({ personId, role }, meta)));
  }

  private payload(personId: string, { tenantId }: Meta, { position }: Receipt): MemberPayload {
    return { personId, consistencyToken: this.tokens.issue(tenantId, position) };
  }
}
