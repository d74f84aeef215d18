import type { AddressInfo } from 'node:net';
import { type Role } from '@parley/kernel/meta.js';
import { Global, Injectable, Module, type Type } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { Test } from '@nestjs/testing';
import { decodeJwt, jwtVerify, SignJWT } from 'jose';
import { ExtractJwt, Strategy } from 'passport-jwt';
import { WebSocket } from 'ws';
import { AccessTokens, type CallerIdentity } from '../graphql-kit/caller.js';
import { ReadYourWrites } from '../graphql-kit/consistent.js';
import { type GatewayConfig, GatewaySettings, readGatewayConfig } from '../graphql-kit/gateway.config.js';
import { GraphqlKitModule } from '../graphql-kit/graphql-kit.module.js';
import { GATEWAY_APP_OPTIONS, prepareGateway } from '../graphql-kit/prepare-gateway.js';
import { Unauthenticated } from '../graphql-kit/refusals.js';
import { HealthModule } from '../health/health.module.js';
import { TelemetryModule } from '../telemetry/telemetry.module.js';
import { capturedLog } from './captured-log.js';
import { personId, tenantId } from './meta.js';
import { ToyResolver } from './toy.resolver.js';

const secret = Buffer.from('a secret of the specs, for tokens that nobody else takes');

export const caller = (over: Partial<CallerIdentity> = {}): CallerIdentity => ({
  tenantId,
  personId,
  role: 'member',
  sessionId: '0190a000-0000-7000-8000-00000000000a',
  expiresAt: new Date(Date.now() + 60_000),
  ...over,
});

/** An access token as the toy gateway takes it. */
export const tokenOf = ({ expiresAt, ...claims }: CallerIdentity = caller()): Promise<string> =>
  new SignJWT({ ...claims, expiresAtMs: expiresAt.getTime() }).setProtectedHeader({ alg: 'HS256' }).setExpirationTime(new Date(expiresAt.getTime() + 1_000)).sign(secret);

type Claims = Omit<CallerIdentity, 'expiresAt' | 'role'> & { role: Role; expiresAtMs: number };
const callerOf = ({ tenantId, personId, role, sessionId, expiresAtMs }: Claims): CallerIdentity => ({ tenantId, personId, role, sessionId, expiresAt: new Date(expiresAtMs) });

@Injectable()
export class ToyTokens extends AccessTokens {
  async verify(token: string): Promise<CallerIdentity> {
    await jwtVerify(token, secret).catch(() => {
      throw new Unauthenticated();
    });
    return callerOf(decodeJwt<Claims>(token));
  }
}

@Injectable()
export class ToyStrategy extends PassportStrategy(Strategy, 'jwt') {
  constructor() {
    super({ jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(), secretOrKey: secret, algorithms: ['HS256'] });
  }

  validate(claims: Claims): CallerIdentity {
    return callerOf(claims);
  }
}

/** Remembers who waited for what. */
@Injectable()
export class ToyWrites extends ReadYourWrites {
  readonly waits: { token: string; tenantId: string }[] = [];

  async wait(token: string, tenantId: string): Promise<void> {
    this.waits.push({ token, tenantId });
  }
}

@Global()
@Module({
  providers: [ToyStrategy, ToyWrites, { provide: AccessTokens, useClass: ToyTokens }, { provide: ReadYourWrites, useExisting: ToyWrites }],
  exports: [AccessTokens, ReadYourWrites],
})
class ToyIdentityModule {}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly data: Record<string, unknown> | null | undefined;
  readonly errors: { message: string; path?: string[]; extensions: { code: string; kind: string; hint: string; correlationId: string; details: Record<string, unknown> } }[];
}

/** A whole gateway on a port of its own, with a toy resolver behind it. */
export class ToyGateway {
  private constructor(
    readonly app: NestExpressApplication,
    readonly url: string,
    readonly log: ReturnType<typeof capturedLog>,
  ) {}

  /**
   * @param over other limits than the defaults
   * @param modules beside the toys
   */
  static async open(over: Partial<GatewayConfig> = {}, modules: readonly Type[] = []): Promise<ToyGateway> {
    const log = capturedLog();
    const module = await Test.createTestingModule({ imports: [TelemetryModule, HealthModule, ToyIdentityModule, GraphqlKitModule.forRoot(), ...modules], providers: [ToyResolver] })
      .overrideProvider(GatewaySettings)
      .useValue({ values: { ...readGatewayConfig(), ...over } })
      .compile();
    const app = module.createNestApplication<NestExpressApplication>({ ...GATEWAY_APP_OPTIONS, logger: false });
    prepareGateway(app);
    await app.listen(0, '127.0.0.1');
    const { port } = app.getHttpServer().address() as AddressInfo;
    return new ToyGateway(app, `http://127.0.0.1:${port}`, log);
  }

  async close(): Promise<void> {
    await this.app.close();
  }

  /** @param headers `authorization` is there already */
  async ask(query: string, variables: Record<string, unknown> = {}, headers: Record<string, string> = {}): Promise<Answer> {
    return this.post(JSON.stringify({ query, variables }), headers);
  }

  async post(body: string, headers: Record<string, string> = {}): Promise<Answer> {
    const authorization = `Bearer ${await tokenOf()}`;
    return answerOf(await fetch(`${this.url}/graphql`, { method: 'POST', body, headers: { 'content-type': 'application/json', authorization, ...headers } }));
  }

  /** Opens an event stream. */
  async stream(query: string, variables: Record<string, unknown> = {}, headers: Record<string, string> = {}): Promise<Response> {
    const authorization = `Bearer ${await tokenOf()}`;
    return fetch(`${this.url}/graphql/stream`, {
      method: 'POST',
      body: JSON.stringify({ query, variables }),
      headers: { 'content-type': 'application/json', accept: 'text/event-stream', authorization, ...headers },
    });
  }

  /** Opens a WebSocket that says nothing yet. */
  socket(headers: Record<string, string> = {}): ToySocket {
    return new ToySocket(new WebSocket(`${this.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws', { headers }));
  }

  /** Opens a WebSocket of a signed-in person. */
  async signedIn(identity = caller()): Promise<ToySocket> {
    const socket = this.socket();
    await socket.opened;
    socket.send({ type: 'connection_init', payload: { authorization: `Bearer ${await tokenOf(identity)}` } });
    await socket.next('connection_ack');
    return socket;
  }
}

export async function answerOf(response: Response): Promise<Answer> {
  const text = await response.text();
  const body = (text.startsWith('{') ? JSON.parse(text) : {}) as Partial<Answer>;
  return { status: response.status, headers: response.headers, text, data: body.data, errors: body.errors ?? [] };
}

export interface Message {
  readonly id?: string;
  readonly type: string;
  readonly payload?: unknown;
}

/** A bare client of graphql-transport-ws: it may break every rule. */
export class ToySocket {
  readonly messages: Message[] = [];
  readonly opened: Promise<void>;
  /** Code and reason. */
  readonly closed: Promise<{ code: number; reason: string }>;
  private waiting: (() => void)[] = [];

  constructor(readonly socket: WebSocket) {
    this.opened = new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
    this.opened.catch(() => undefined);
    this.closed = new Promise((resolve) => socket.once('close', (code, reason) => resolve({ code, reason: reason.toString() })));
    socket.on('message', (data: Buffer) => {
      this.messages.push(JSON.parse(data.toString()) as Message);
      for (const wake of this.waiting.splice(0)) wake();
    });
  }

  send(message: Message): void {
    this.socket.send(JSON.stringify(message));
  }

  subscribe(id: string, query: string, variables: Record<string, unknown> = {}): void {
    this.send({ id, type: 'subscribe', payload: { query, variables } });
  }

  /** The next message of that type (and id) which nobody has taken. */
  async next(type: string, id?: string): Promise<Message> {
    for (;;) {
      const index = this.messages.findIndex((message) => message.type === type && (id === undefined || message.id === id));
      if (index >= 0) return this.messages.splice(index, 1)[0] as Message;
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    }
  }
}
