import { AsyncLocalStorage } from 'node:async_hooks';
import { defineError } from '@parley/kernel/domain-error.js';
import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { Extensions, type GqlContextType, GqlExecutionContext } from '@nestjs/graphql';
import { defaultFieldResolver, type GraphQLFieldResolver, type GraphQLResolveInfo, type GraphQLSchema, isObjectType } from 'graphql';
import { defer, from, Observable, switchMap, tap } from 'rxjs';
import { type Call, callOf } from './call.js';

/** The argument that every query has which reads a fold. */
export const AS_OF = 'asOf';

/** A place in the log, as of which a query is answered. */
export interface Moment {
  /** The last position that is taken in. */
  readonly position: bigint;
  /** What was asked, by its field: what it needs of the past is remembered under this name. */
  readonly question: string;
  /** Whether anything was read as of it: an answer that did not look back must not pass for one that did. */
  isUsed: boolean;
}

export class AsOfNotSupported extends defineError(
  'AS_OF_NOT_SUPPORTED',
  'invalid',
  'This query cannot look back.',
  'Ask it without `asOf`; docs/time-travel.md says what can.',
) {}

/** Finds the place in the log that a text names. */
export abstract class LooksBack {
  /** @throws AsOfMalformed, AsOfInFuture */
  abstract momentOf(text: string, question: string): Promise<Moment>;
}

/** As of when the present call reads; undefined: now. */
export const readingAsOf = new AsyncLocalStorage<Moment>();

/** Marks a query that reads no fold: it gets no argument `asOf`. */
export const NotAsOf = () => Extensions({ [AS_OF]: false });

const moments = new WeakMap<Call, Map<string | number, Moment>>();

/** Answers a query that carries `asOf` as of then: whatever its handlers read through TenantReads. */
@Injectable()
export class AsOfQueries implements NestInterceptor {
  constructor(private readonly past: LooksBack) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    if (context.getType<GqlContextType>() !== 'graphql') return next.handle();
    const graphql = GqlExecutionContext.create(context);
    const text = graphql.getArgs<Record<string, unknown>>()[AS_OF];
    if (typeof text !== 'string') return next.handle();
    const { path, fieldName } = graphql.getInfo<GraphQLResolveInfo>();
    return from(this.past.momentOf(text, fieldName)).pipe(switchMap((moment) => this.answer(callOf(context), path.key, moment, next)));
  }

  private answer(call: Call, key: string | number, moment: Moment, next: CallHandler): Observable<unknown> {
    moments.set(call, (moments.get(call) ?? new Map<string | number, Moment>()).set(key, moment));
    const within = new Observable<unknown>((subscriber) => readingAsOf.run(moment, () => defer(() => next.handle()).subscribe(subscriber)));
    return within.pipe(
      tap(() => {
        if (!moment.isUsed) throw new AsOfNotSupported();
      }),
    );
  }
}

/** Lets the fields below a query that carries `asOf` read as of then, too: they are resolved after its own resolver has returned. */
export function belowAsOf(schema: GraphQLSchema): GraphQLSchema {
  const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()];
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) || type.name.startsWith('__') || roots.includes(type)) continue;
    for (const field of Object.values(type.getFields())) {
      if (field.resolve && field.resolve !== defaultFieldResolver) field.resolve = asOfRoot(field.resolve as GraphQLFieldResolver<unknown, Call>);
    }
  }
  return schema;
}

const asOfRoot =
  (resolve: GraphQLFieldResolver<unknown, Call>): GraphQLFieldResolver<unknown, Call> =>
  (source, args, call, info) => {
    const mine = moments.get(call)?.get(rootOf(info.path));
    return mine ? readingAsOf.run(mine, () => resolve(source, args, call, info)) : resolve(source, args, call, info);
  };

function rootOf(path: GraphQLResolveInfo['path']): string | number {
  let root = path;
  while (root.prev) root = root.prev;
  return root.key;
}
