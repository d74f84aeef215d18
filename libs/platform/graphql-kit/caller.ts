import type { Role } from '@parley/kernel/meta.js';
import { createParamDecorator, type ExecutionContext, SetMetadata } from '@nestjs/common';
import { type CallerIdentity, callOf } from './call.js';
import { Unauthenticated } from './refusals.js';

export type { CallerIdentity } from './call.js';

/** Reads access tokens. Sockets and event streams ask it when they open; every operation then passes the guard besides. */
export abstract class AccessTokens {
  /** @throws Unauthenticated when the token is not ours, ended, or revoked */
  abstract verify(token: string): Promise<CallerIdentity>;
}

const PUBLIC = 'parley.public';
const REQUIRES = 'parley.requires';

/** Lets anybody in: the guard asks for no token. */
export const Public = () => SetMetadata(PUBLIC, true);

/** Lets only callers of one of these roles in. */
export const Requires = (...roles: readonly Role[]) => SetMetadata(REQUIRES, roles);

export const access = { PUBLIC, REQUIRES } as const;

/** The caller that the guard let in. @throws Unauthenticated where there is none, which only a public operation can see */
export const CurrentCaller = createParamDecorator((_: unknown, context: ExecutionContext): CallerIdentity => {
  const { user } = callOf(context).req;
  if (!user) throw new Unauthenticated();
  return user;
});
