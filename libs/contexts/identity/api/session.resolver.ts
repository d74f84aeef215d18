import { CommandSender } from '@parley/platform/cqrs/command-sender.js';
import { type CallerIdentity, CurrentCaller, Public } from '@parley/platform/graphql-kit/caller.js';
import { May } from '@parley/platform/graphql-kit/permissions.js';
import { type MutationRequest, Requests } from '@parley/platform/graphql-kit/requests.js';
import { ConsistencyTokens } from '@parley/platform/read-model/consistency.js';
import { UseGuards } from '@nestjs/common';
import { Args, Mutation, Resolver } from '@nestjs/graphql';
import { type IssuedSession, type OpenedSession, OpenSession, type ProvenPerson, RefreshSession, Register, SignOut } from '../domain/sign-in.commands.js';
import { PasswordGuard, Proven } from './password.guard.js';
import { RefreshSessionInput, RefreshSessionPayload, RegisterInput, RegisterPayload, SignInInput, SignInPayload, SignOutPayload } from './session.types.js';

/** How a person comes in, stays in and goes. */
@Resolver()
export class SessionResolver {
  constructor(private readonly commands: CommandSender, private readonly tokens: ConsistencyTokens) {}

  @Public()
  @Mutation(() => RegisterPayload, {
    description: 'Opens an account with a tenant of its own, and signs in. Repeated with the same address and password it only signs in.',
  })
  async register(@Args('input') input: RegisterInput, @Requests() request: MutationRequest): Promise<RegisterPayload> {
    const { email, password } = input;
    return this.open(await this.commands.execute<ProvenPerson>(new Register({ email, password }, request)), request);
  }

  @Public()
  @UseGuards(PasswordGuard)
  @Mutation(() => SignInPayload, { description: 'Starts a session, by e-mail address and password.' })
  signIn(@Args('input') _input: SignInInput, @Proven() person: ProvenPerson, @Requests() request: MutationRequest): Promise<SignInPayload> {
    return this.open(person, request);
  }

  @Public()
  @Mutation(() => RefreshSessionPayload, {
    description: 'Exchanges a refresh token for the next pair of tokens. A token that comes back after its successor ends the session.',
  })
  refreshSession(@Args('input') { refreshToken }: RefreshSessionInput, @Requests() request: MutationRequest): Promise<RefreshSessionPayload> {
    return this.commands.execute<IssuedSession>(new RefreshSession({ refreshToken }, request));
  }

  @May('session:end')
  @Mutation(() => SignOutPayload, { description: 'Ends your session: its refresh token at once, its access tokens and sockets within seconds.' })
  async signOut(@CurrentCaller() caller: CallerIdentity, @Requests() request: MutationRequest): Promise<SignOutPayload> {
    const { tenantId, sessionId } = caller;
    const { position } = await this.commands.send(new SignOut({ sessionId }, request.meta(caller)));
    return { sessionId, consistencyToken: this.tokens.issue(tenantId, position) };
  }

  private async open(person: ProvenPerson, request: MutationRequest): Promise<SignInPayload> {
    const { position, ...session } = await this.commands.execute<OpenedSession>(new OpenSession(person, request));
    return { ...session, consistencyToken: this.tokens.issue(session.tenantId, position) };
  }
}
