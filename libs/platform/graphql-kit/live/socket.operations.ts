import { DomainError } from '@parley/kernel/domain-error.js';
import { Injectable } from '@nestjs/common';
import { GraphQLError } from 'graphql';
import { type Context, makeServer, type Server as Protocol, type ServerOptions } from 'graphql-ws';
import { addLogContext } from '../../telemetry/logger.js';
import type { OpenSpan } from '../../telemetry/tracing.js';
import { Arrivals } from '../arrivals.js';
import type { Arrival, Call, CallerIdentity } from '../call.js';
import { AccessTokens } from '../caller.js';
import { ErrorAnswers } from '../error-answers.js';
import { causeOf, type ShownError } from '../errors.js';
import { CompiledQueries } from '../execution/compiled-queries.js';
import { GatewaySettings } from '../gateway.config.js';
import { Operations } from '../limits/operations.js';
import { ServerStopping, TooManyOperations } from '../refusals.js';
import { NextFrames } from './frames.js';
import { LiveConnections } from './live-connections.js';
import { LiveResults, Subscriptions } from './live-results.js';
import { pushed } from './pushed.js';
import { ClientLeft, CLOSE, type SocketExtra } from './socket.js';

type Socket = Context<Record<string, unknown>, SocketExtra>;
type Options = ServerOptions<Record<string, unknown>, SocketExtra>;

/**
 * What graphql-transport-ws does with us: the access token comes in connection_init as `authorization: "Bearer …"`, and each
 * operation carries it past the guard.
 */
@Injectable()
export class SocketOperations {
  constructor(
    private readonly tokens: AccessTokens,
    private readonly connections: LiveConnections,
    private readonly operations: Operations,
    private readonly queries: CompiledQueries,
    private readonly subscriptions: Subscriptions,
    private readonly arrivals: Arrivals,
    private readonly errors: ErrorAnswers,
    private readonly settings: GatewaySettings,
  ) {}

  /** The protocol's side of one socket. */
  serve(): Protocol<SocketExtra> {
    const underWay = new WeakMap<object, UnderWay>();
    const shown = (errors: readonly GraphQLError[], payload: object) => errors.map((error) => this.errors.answer(error, underWay.get(payload)?.correlationId, 'BAD_USER_INPUT'));
    const options: Options = {
      connectionInitWaitTimeout: this.settings.values.PARLEY_GATEWAY_SOCKET_INIT_MS,
      execute: (args) => this.queries.execute(args),
      subscribe: (args) => this.subscriptions.subscribe(args),
      onConnect: (socket) => this.connect(socket),
      onSubscribe: (socket, _id, payload) => {
        const [arrival, span] = this.arrivals.ofOperation(payload.extensions ?? {});
        underWay.set(payload, { correlationId: arrival.correlationId, span });
        const prepared = this.refusalOf(socket) ?? this.operations.prepare(payload, callOf(socket, arrival));
        if (!('schema' in prepared)) span.end({}, 'refused');
        return prepared;
      },
      onOperation: (socket, id, payload, _args, results) =>
        results instanceof LiveResults ? push(results, socket.extra, id, (errors) => shown(errors, payload)) : undefined,
      onNext: (_socket, _id, payload, _args, result) => (result.errors ? { ...result, errors: shown(result.errors, payload) } : undefined),
      onError: (_socket, _id, payload, errors) => (errors.some((error) => causeOf(error) instanceof ClientLeft) ? undefined : shown(errors, payload)),
      onComplete: (_socket, _id, payload) => underWay.get(payload)?.span.end({}),
    };
    return makeServer(options);
  }

  /** @returns false when the socket may not stay; it is closed then, with the code that says why */
  private async connect(socket: Socket): Promise<boolean> {
    const { extra } = socket;
    const caller = await this.verified(authorizationOf(socket));
    if (!extra.isOpen()) return false;
    if (!caller) {
      extra.close(CLOSE.unauthorized, 'Unauthorized');
      return false;
    }
    const operations = () => Object.keys(socket.subscriptions).length;
    const end = (why: DomainError) => extra.close(why instanceof ServerStopping ? CLOSE.goingAway : CLOSE.forbidden, why.message);
    try {
      extra.onClose(this.connections.add({ transport: 'websocket', caller, operations, end }));
    } catch (error) {
      const code = error instanceof ServerStopping ? CLOSE.goingAway : CLOSE.tooMany;
      extra.close(code, (error as DomainError).message);
      return false;
    }
    addLogContext({ tenantId: caller.tenantId, userId: caller.personId });
    return true;
  }

  private async verified(authorization: string): Promise<CallerIdentity | undefined> {
    const token = /^Bearer (\S+)$/i.exec(authorization)?.[1];
    if (token === undefined) return undefined;
    return this.tokens.verify(token).catch((error: unknown) => {
      if (error instanceof DomainError && error.kind === 'unauthenticated') return undefined;
      throw error;
    });
  }

  private refusalOf(socket: Socket): GraphQLError[] | undefined {
    const max = this.settings.values.PARLEY_GATEWAY_OPERATIONS_PER_SOCKET_MAX;
    const refusal = this.connections.isStopping
      ? new ServerStopping({ retryAfterMs: 1_000 })
      : Object.keys(socket.subscriptions).length > max && new TooManyOperations({ max });
    return refusal ? [new GraphQLError(refusal.message, { originalError: refusal })] : undefined;
  }
}

/** What is known of an operation until it is over. */
interface UnderWay {
  readonly correlationId: string;
  readonly span: OpenSpan;
}

/** Each operation carries the socket's token. */
const callOf = (socket: Socket, arrival: Arrival): Call => ({ req: { headers: { ...socket.extra.request.headers, authorization: authorizationOf(socket) } }, arrival });

/** Most that is made ready for one write. */
const WRITE_BYTES = 64 * 1_024;

/** Sends results as they come, past the protocol's library, which would make each of them anew for each client. */
function push(results: LiveResults, { wire }: SocketExtra, id: string, shown: (errors: readonly GraphQLError[]) => readonly ShownError[]): AsyncGenerator<never, void> {
  const frames = new NextFrames(id);
  const withErrors = (event: object) => {
    const { errors = [], ...result } = results.tell(event);
    return Buffer.from(JSON.stringify({ ...result, errors: shown(errors) }));
  };
  return pushed(results.source, wire, (events) => {
    const texts: Buffer[] = [];
    for (let [index, bytes] = [0, 0]; index < events.length && bytes < WRITE_BYTES; index++) {
      const text = results.textOf(events[index]!) ?? withErrors(events[index]!);
      texts.push(text);
      bytes += text.length;
    }
    wire.write(frames.of(texts));
    return texts.length;
  });
}

/** Browsers cannot set a header on a socket; programs can. */
function authorizationOf({ connectionParams = {}, extra }: Socket): string {
  const value = connectionParams.authorization ?? connectionParams.Authorization;
  return typeof value === 'string' ? value : (extra.request.headers.authorization ?? '');
}
