import type { Role } from '@parley/kernel/meta.js';
import type { ExecutionContext } from '@nestjs/common';
import { type GqlContextType, GqlExecutionContext } from '@nestjs/graphql';
import type { IncomingHttpHeaders } from 'node:http';

/** Who calls, as their access token says it. */
export interface CallerIdentity {
  readonly tenantId: string;
  readonly personId: string;
  readonly role: Role;
  readonly sessionId: string;
  /** When the access token ends: a subscription or stream ends with it. */
  readonly expiresAt: Date;
}

/** What is known of a request as it arrives, whatever the transport. */
export interface Arrival {
  readonly requestId: string;
  /** The client's own, or the request's id: the same for everything that follows from the request. */
  readonly correlationId: string;
  /** W3C trace context, when the client sent one that is well-formed. */
  readonly traceparent?: string;
  readonly now: Date;
  /** A new UUIDv7 at the instant of the request. */
  readonly newId: () => string;
}

/** The request as guards and resolvers see it: Express's own, or that of a socket's operation with the socket's headers. */
export interface IncomingCall {
  readonly headers: IncomingHttpHeaders;
  user?: CallerIdentity;
  arrival?: Arrival;
}

/** The GraphQL context, the same over HTTP, SSE and WebSocket. */
export interface Call {
  readonly req: IncomingCall;
  readonly arrival: Arrival;
}

/** The call behind a resolver's or a controller's execution context. */
export function callOf(context: ExecutionContext): Call {
  if (context.getType<GqlContextType>() === 'graphql') return GqlExecutionContext.create(context).getContext<Call>();
  const req = context.switchToHttp().getRequest<IncomingCall>();
  if (!req.arrival) throw new Error('gateway: the request passed no arrival middleware');
  return { req, arrival: req.arrival };
}
