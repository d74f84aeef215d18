import { callOf } from '@parley/platform/graphql-kit/call.js';
import { InvalidInput, Unauthenticated } from '@parley/platform/graphql-kit/refusals.js';
import { createParamDecorator, type ExecutionContext, Injectable } from '@nestjs/common';
import { GqlExecutionContext } from '@nestjs/graphql';
import { AuthGuard } from '@nestjs/passport';
import type { GraphQLResolveInfo } from 'graphql';
import type { ProvenPerson, UnprovenRequest } from '../domain/sign-in.commands.js';
import type { PasswordAttempt } from './password.strategy.js';

/** One request may hold several sign-ins: each belongs to its own place in the document. */
const attempts = new WeakMap<GraphQLResolveInfo, PasswordAttempt>();

const placeOf = (context: ExecutionContext) => GqlExecutionContext.create(context).getInfo<GraphQLResolveInfo>();

/** When, and in which chain, somebody asks who has yet to say who they are. */
export function unproven(context: ExecutionContext): UnprovenRequest {
  const { now, correlationId, traceparent } = callOf(context).arrival;
  return { now: now.toISOString(), correlationId, ...(traceparent && { traceparent }) };
}

/** Lets in who knows the password: `input.email` and `input.password` of the mutation that it stands before. */
@Injectable()
export class PasswordGuard extends AuthGuard('local') {
  override getRequest(context: ExecutionContext): PasswordAttempt {
    const place = placeOf(context);
    const { input } = GqlExecutionContext.create(context).getArgs<{ input: PasswordAttempt['body'] }>();
    const attempt = attempts.get(place) ?? { body: { email: input.email, password: input.password }, request: unproven(context) };
    attempts.set(place, attempt);
    return attempt;
  }

  getResponse(): unknown {
    return undefined; // passport answers through the callback alone
  }

  /** @param user missing only where passport did not ask: it takes an empty word for none */
  override handleRequest<User = ProvenPerson>(error: unknown, user: User | false | null | undefined): User {
    if (error instanceof Error) throw error;
    if (!user) throw new InvalidInput({ fields: [{ path: 'input', problems: ['email and password must not be empty'] }] });
    return user;
  }
}

/** Whom the guard let in. */
export const Proven = createParamDecorator((_: unknown, context: ExecutionContext): ProvenPerson => {
  const person = attempts.get(placeOf(context))?.user;
  if (!person) throw new Unauthenticated();
  return person;
});
