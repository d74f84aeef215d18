import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { type GqlContextType, GqlExecutionContext } from '@nestjs/graphql';
import { type GraphQLResolveInfo, OperationTypeNode } from 'graphql';
import { from, type Observable, switchMap } from 'rxjs';
import { type Call, callOf } from './call.js';

/** Waits until the read models have taken in what a consistency token names. */
export abstract class ReadYourWrites {
  /** @throws a refusal when the token is malformed, another tenant's or store's, or the read models are too far behind */
  abstract wait(token: string, tenantId: string): Promise<void>;
}

/** Header and argument that carry the token of a mutation's payload. */
export const CONSISTENCY_HEADER = 'parley-consistency-token';
export const CONSISTENCY_ARGUMENT = 'consistencyToken';

/** Holds a query or subscription back until the caller sees their own write. The fields of one request wait together. */
@Injectable()
export class ConsistentReads implements NestInterceptor {
  private readonly waits = new WeakMap<Call, Map<string, Promise<void>>>();

  constructor(private readonly writes: ReadYourWrites) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    if (context.getType<GqlContextType>() !== 'graphql') return next.handle();
    const graphql = GqlExecutionContext.create(context);
    const { operation } = graphql.getInfo<GraphQLResolveInfo>();
    const call = callOf(context);
    const token = graphql.getArgs<Record<string, unknown>>()[CONSISTENCY_ARGUMENT] ?? call.req.headers[CONSISTENCY_HEADER];
    if (operation.operation === OperationTypeNode.MUTATION || typeof token !== 'string' || !call.req.user) return next.handle();
    return from(this.once(call, token, call.req.user.tenantId)).pipe(switchMap(() => next.handle()));
  }

  private once(call: Call, token: string, tenantId: string): Promise<void> {
    const waits = this.waits.get(call) ?? new Map<string, Promise<void>>();
    this.waits.set(call, waits);
    const wait = waits.get(token) ?? this.writes.wait(token, tenantId);
    waits.set(token, wait);
    return wait;
  }
}
