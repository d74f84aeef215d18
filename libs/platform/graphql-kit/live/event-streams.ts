import { Injectable } from '@nestjs/common';
import type { Request, Response } from 'express';
import { type ExecutionArgs, subscribe } from 'graphql';
import { createHandler } from 'graphql-sse';
import { addLogContext } from '../../telemetry/logger.js';
import { Arrivals } from '../arrivals.js';
import type { Call, CallerIdentity, IncomingCall } from '../call.js';
import { AccessTokens } from '../caller.js';
import { answerOverHttp } from '../edge.filter.js';
import { ErrorAnswers } from '../error-answers.js';
import { CompiledQueries } from '../execution/compiled-queries.js';
import { type OperationRequest, Operations } from '../limits/operations.js';
import { BadRequest, Unauthenticated } from '../refusals.js';
import { EventStream } from './event-stream.js';
import { LiveConnections } from './live-connections.js';

type StreamRequest = Request & IncomingCall;

/**
 * Operations over server-sent events, by graphql-sse's protocol in "distinct connections mode": one POST, one operation, one stream.
 * For clients that cannot hold a WebSocket; `curl -N` will do.
 */
@Injectable()
export class EventStreams {
  private readonly handle = createHandler<StreamRequest, EventStream>({
    authenticate: () => '', // no stream is shared: nothing is reserved in memory for a client that never comes
    validate: () => [], // done by Operations
    execute: (args: ExecutionArgs) => this.queries.execute(args) as never,
    subscribe: subscribe as never,
    onSubscribe: ({ raw }, params) => {
      const call: Call = { req: { headers: raw.headers }, arrival: raw.arrival ?? this.arrivals.of(raw.headers) };
      const prepared = this.operations.prepare(params, call);
      return 'schema' in prepared ? (prepared as never) : { data: undefined, errors: prepared } as never;
    },
    onNext: async (_call, { context }, result) => {
      await context.room();
      return result.errors ? ({ ...result, errors: result.errors.map((error) => context.shown(error)) } as never) : undefined;
    },
  });

  constructor(
    private readonly tokens: AccessTokens,
    private readonly connections: LiveConnections,
    private readonly operations: Operations,
    private readonly queries: CompiledQueries,
    private readonly arrivals: Arrivals,
    private readonly errors: ErrorAnswers,
  ) {}

  /** Express middleware, behind the one that reads JSON bodies. It never rejects. */
  readonly middleware = async (req: StreamRequest, res: Response): Promise<void> => {
    try {
      const body = requestOf(req);
      const caller = await this.callerOf(req);
      addLogContext({ tenantId: caller.tenantId, userId: caller.personId });
      const stream = new EventStream(res, (error) => this.errors.answer(error, req.arrival?.correlationId, 'BAD_USER_INPUT'));
      res.once('close', this.connections.add({ transport: 'sse', caller, operations: () => 1, end: (why) => stream.end(why) }));
      await this.answer(req, body, stream);
    } catch (error) {
      if (res.headersSent) res.destroy();
      else answerOverHttp(res, this.errors.answer(error, req.arrival?.correlationId));
    }
  };

  private async answer(req: StreamRequest, body: OperationRequest, stream: EventStream): Promise<void> {
    const headers = { get: (name: string) => (name === 'accept' ? 'text/event-stream' : req.header(name)) };
    const [messages] = await this.handle({ method: 'POST', url: req.url, headers, body: { ...body }, raw: req, context: stream });
    if (messages === null || typeof messages === 'string') throw new BadRequest();
    await stream.send(messages);
  }

  private async callerOf(req: StreamRequest): Promise<CallerIdentity> {
    const token = /^Bearer (\S+)$/i.exec(req.header('authorization') ?? '')?.[1];
    if (token === undefined) throw new Unauthenticated();
    return this.tokens.verify(token);
  }
}

/** @throws BadRequest */
function requestOf(req: Request): OperationRequest {
  const { query, operationName, variables } = (req.body ?? {}) as Record<string, unknown>;
  const accepts = req.header('accept') ?? '*/*';
  const isStreamWanted = accepts.includes('text/event-stream') || accepts.includes('*/*');
  const isName = operationName == null || typeof operationName === 'string';
  const isVariables = variables == null || (typeof variables === 'object' && !Array.isArray(variables));
  if (req.method !== 'POST' || !isStreamWanted || typeof query !== 'string' || !isName || !isVariables) throw new BadRequest();
  return { query, operationName, variables: variables as OperationRequest['variables'] };
}
