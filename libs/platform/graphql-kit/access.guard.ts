import type { Role } from '@parley/kernel/meta.js';
import { type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { type GqlContextType, GqlExecutionContext } from '@nestjs/graphql';
import { AuthGuard } from '@nestjs/passport';
import { type GraphQLResolveInfo, OperationTypeNode } from 'graphql';
import { addLogContext } from '../telemetry/logger.js';
import { type CallerIdentity, callOf, type IncomingCall } from './call.js';
import { access } from './caller.js';
import { READ_ONLY } from './permissions.js';
import { Forbidden, Unauthenticated } from './refusals.js';

/** Stands before every operation on every transport: lets in who carries a valid access token, and whoever asks for what is public. */
@Injectable()
export class AccessGuard extends AuthGuard('jwt') {
  constructor(private readonly reflector: Reflector) {
    super();
  }

  override async canActivate(context: ExecutionContext): Promise<boolean> {
    const places = [context.getHandler(), context.getClass()];
    if (this.reflector.getAllAndOverride<boolean | undefined>(access.PUBLIC, places)) return true;
    await super.canActivate(context);
    const roles = this.reflector.getAllAndOverride<readonly Role[] | undefined>(access.REQUIRES, places);
    const { user } = this.getRequest(context);
    if (!user || !(roles ? roles.includes(user.role) : mayAsk(user.role, context))) throw new Forbidden();
    addLogContext({ tenantId: user.tenantId, userId: user.personId });
    return true;
  }

  override getRequest(context: ExecutionContext): IncomingCall {
    return callOf(context).req;
  }

  getResponse(): unknown {
    return undefined; // passport answers through the callback alone; a socket has no response
  }

  /** @param error what the strategy threw; a refusal of its own counts */
  override handleRequest<User = CallerIdentity>(error: unknown, user: User | false | null | undefined): User {
    if (error instanceof Error) throw error;
    if (!user) throw new Unauthenticated();
    return user;
  }
}

/** Where nothing is said of roles, everyone may ask, and who only reads may change nothing. */
const mayAsk = (role: Role, context: ExecutionContext) => !READ_ONLY.includes(role) || !isChange(context);

function isChange(context: ExecutionContext): boolean {
  if (context.getType<GqlContextType>() !== 'graphql') return !['GET', 'HEAD'].includes(context.switchToHttp().getRequest<{ method: string }>().method);
  return GqlExecutionContext.create(context).getInfo<GraphQLResolveInfo>().operation.operation === OperationTypeNode.MUTATION;
}
