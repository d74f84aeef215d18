import { createHash } from 'node:crypto';
import { type Meta, metaSchema } from '@parley/kernel/meta.js';
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { GqlExecutionContext } from '@nestjs/graphql';
import type { GraphQLResolveInfo } from 'graphql';
import { idFrom } from '../cqrs/event-id.js';
import { type Arrival, type CallerIdentity, callOf } from './call.js';
import { InvalidIdempotencyKey } from './refusals.js';

const KEY = /^[\x21-\x7e]{1,100}$/;

/** A mutation as it arrived: makes the metadata and the ids of the commands that it sends. */
export class MutationRequest {
  readonly correlationId: string;
  readonly traceparent: string | undefined;
  /** Instant of the request, ISO 8601 in UTC. */
  readonly now: string;

  /**
   * @param headerKey the header `Idempotency-Key`, if any
   * @param place the mutation's response key: one request may hold several mutations
   */
  constructor(
    private readonly arrival: Arrival,
    private readonly headerKey: string | undefined,
    private readonly place: string,
  ) {
    this.correlationId = arrival.correlationId;
    this.traceparent = arrival.traceparent;
    this.now = arrival.now.toISOString();
  }

  /**
   * @param idempotencyKey from the mutation's input; without one the header counts
   * @throws InvalidIdempotencyKey
   */
  meta(caller: CallerIdentity, idempotencyKey?: string | null): Meta {
    return metaSchema.parse({
      tenantId: caller.tenantId,
      actor: { kind: 'person', id: caller.personId, role: caller.role },
      now: this.now,
      commandId: this.commandId(caller.personId, idempotencyKey),
      correlationId: this.correlationId,
      ...(this.traceparent && { traceparent: this.traceparent }),
    });
  }

  /**
   * The actor stands in the id: two people may choose the same key. The key itself does not: it is kept with the facts for good, and a
   * client may have made it of words. Without a key each request is a command of its own.
   */
  commandId(actorId: string, idempotencyKey?: string | null): string {
    const key = idempotencyKey ?? this.headerKey;
    if (key === undefined) return this.arrival.newId();
    if (!KEY.test(key)) throw new InvalidIdempotencyKey({ maxLength: 100 });
    return `key:${actorId}:${createHash('sha256').update(idempotencyKey ?? `${key}/${this.place}`).digest('base64url')}`;
  }

  /**
   * The id of something that this request makes.
   *
   * @param label tells the things of one request apart, e.g. `message`
   * @param given the client's own choice, which counts
   * @returns the same for a repeat with the same idempotency key
   */
  newId(meta: Pick<Meta, 'commandId'>, label: string, given?: string | null): string {
    if (given) return given.toLowerCase();
    return meta.commandId.startsWith('key:') ? idFrom(meta.commandId, label) : this.arrival.newId();
  }
}

/** The request of a mutation, e.g. `@Requests() request: MutationRequest`. */
export const Requests = createParamDecorator((_: unknown, context: ExecutionContext): MutationRequest => {
  const { req, arrival } = callOf(context);
  const { path } = GqlExecutionContext.create(context).getInfo<GraphQLResolveInfo>();
  const key = req.headers['idempotency-key'];
  return new MutationRequest(arrival, typeof key === 'string' ? key : undefined, `${path.key}`);
});
