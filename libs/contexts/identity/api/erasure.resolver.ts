import { CommandSender } from '@parley/platform/cqrs/command-sender.js';
import { type CallerIdentity, CurrentCaller } from '@parley/platform/graphql-kit/caller.js';
import { May } from '@parley/platform/graphql-kit/permissions.js';
import { type MutationRequest, Requests } from '@parley/platform/graphql-kit/requests.js';
import { ConsistencyTokens, ReadModelBehind } from '@parley/platform/read-model/consistency.js';
import { QueryBus } from '@nestjs/cqrs';
import { Args, Mutation, Resolver } from '@nestjs/graphql';
import { ErasePerson } from '../domain/erasure.commands.js';
import { FindErasure } from '../read/erasures/find-erasure.query.js';
import { ErasePersonInput, ErasePersonPayload, type ErasureProof } from './erasure.types.js';

/** The end of a person. */
@Resolver()
export class ErasureResolver {
  constructor(private readonly commands: CommandSender, private readonly queries: QueryBus, private readonly tokens: ConsistencyTokens) {}

  @May('self:erase')
  @Mutation(() => ErasePersonPayload, {
    description:
      'Erases a person for good: destroys the key of all that they wrote and were answered, ends their sessions, removes their sign-in. What is theirs reads `[erased]` from then on; figures stay.',
  })
  async erasePerson(
    @Args('input') { personId, confirmation, idempotencyKey }: ErasePersonInput,
    @CurrentCaller() caller: CallerIdentity,
    @Requests() request: MutationRequest,
  ): Promise<ErasePersonPayload> {
    const command = new ErasePerson({ personId, confirmation }, request.meta(caller, idempotencyKey));
    const { position } = await this.commands.send(command);
    const consistencyToken = this.tokens.issue(caller.tenantId, position);
    return { personId: command.data.personId, proof: await this.proof(caller.tenantId, command.data.personId, consistencyToken), consistencyToken };
  }

  private async proof(tenantId: string, personId: string, token: string): Promise<ErasureProof | null> {
    await this.tokens.wait(token, tenantId).catch((error: unknown) => {
      if (!(error instanceof ReadModelBehind)) throw error;
    });
    const { requestedBy, requestedAt, erasedAt, sealedFacts, digest } = (await this.queries.execute(new FindErasure(tenantId, personId))) ?? {};
    if (!requestedBy || !requestedAt || !erasedAt || sealedFacts == null || !digest) return null;
    return { requestedBy, requestedAt, erasedAt, sealedFacts, digest };
  }
}
