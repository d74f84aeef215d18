import { setTimeout as sleep } from 'node:timers/promises';
import type { DomainError } from '@parley/kernel/domain-error.js';
import { Injectable } from '@nestjs/common';
import { Clock } from '../../clock/clock.js';
import { logger } from '../../telemetry/logger.js';
import { Metrics } from '../../telemetry/metrics.js';
import type { CallerIdentity } from '../call.js';
import { GatewaySettings } from '../gateway.config.js';
import { ServerStopping, TooManyConnections, Unauthenticated } from '../refusals.js';

const TRANSPORTS = ['websocket', 'sse'] as const;
export type Transport = (typeof TRANSPORTS)[number];

/** A socket or an event stream of a signed-in person. */
export interface LiveConnection {
  readonly transport: Transport;
  readonly caller: CallerIdentity;
  /** How many operations run on it now. */
  readonly operations: () => number;
  /** Tells the client why, and closes. */
  readonly end: (why: DomainError) => void;
}

/** A client that is told to go has this long to do so. */
const GOODBYE_MS = 2_000;
const TIMER_MAX_MS = 2 ** 31 - 1;
const log = logger('gateway');

/** Every open connection: bounded for each person, ended with its access token or its rights, and told to resume when the server stops. */
@Injectable()
export class LiveConnections {
  private readonly open = new Set<LiveConnection>();
  private hasStopped = false;

  constructor(
    private readonly clock: Clock,
    private readonly settings: GatewaySettings,
    metrics: Metrics,
  ) {
    const perTransport = (value: (connection: LiveConnection) => number) => () =>
      TRANSPORTS.map((transport) => ({ labels: { transport }, value: this.of(transport).reduce((sum, connection) => sum + value(connection), 0) }));
    metrics.gauge('parley_gateway_connections', 'Open WebSockets and event streams of signed-in people.', ['transport'], perTransport(() => 1));
    metrics.gauge('parley_gateway_subscriptions', 'Operations that run on them.', ['transport'], perTransport(({ operations }) => operations()));
  }

  /** How many are open. */
  get size(): number {
    return this.open.size;
  }

  /** True from the moment that the server was told to stop: nothing new begins. */
  get isStopping(): boolean {
    return this.hasStopped;
  }

  /**
   * @returns what to call when the connection has closed
   * @throws ServerStopping, TooManyConnections
   */
  add(connection: LiveConnection): () => void {
    const { transport, caller, end } = connection;
    if (this.hasStopped) throw new ServerStopping({ retryAfterMs: 1_000 });
    const max = this.maxOf(transport);
    if (this.of(transport).filter((other) => isSamePerson(other.caller, caller)).length >= max) throw new TooManyConnections({ max });
    this.open.add(connection);
    const lifeMs = Math.max(caller.expiresAt.getTime() - this.clock.now().getTime(), 0);
    const timer = setTimeout(() => end(new Unauthenticated({ reason: 'expired' })), Math.min(lifeMs, TIMER_MAX_MS));
    timer.unref();
    return () => {
      clearTimeout(timer);
      this.open.delete(connection);
    };
  }

  /** Ends the connections of those who lost their right to them: a session ended, a member removed. */
  endWhere(matches: (caller: CallerIdentity) => boolean): void {
    for (const connection of this.open) if (matches(connection.caller)) connection.end(new Unauthenticated({ reason: 'revoked' }));
  }

  /** Lets what runs end by itself for a while, tells the rest to resume elsewhere, and waits until they are gone. */
  async drain(): Promise<void> {
    this.hasStopped = true;
    const until = performance.now() + this.settings.values.PARLEY_GATEWAY_DRAIN_MS;
    for (;;) {
      const isLate = performance.now() >= until;
      for (const connection of this.open) if (isLate || connection.operations() === 0) connection.end(new ServerStopping({ retryAfterMs: 1_000 }));
      if (isLate || this.open.size === 0) break;
      await sleep(50);
    }
    const gone = performance.now() + GOODBYE_MS;
    while (this.open.size > 0 && performance.now() < gone) await sleep(20);
    if (this.open.size > 0) log.warn('gateway.connections-left', { count: this.open.size });
  }

  private of(transport: Transport): LiveConnection[] {
    return [...this.open].filter((connection) => connection.transport === transport);
  }

  private maxOf(transport: Transport): number {
    const { PARLEY_GATEWAY_SOCKETS_PER_USER_MAX: sockets, PARLEY_GATEWAY_STREAMS_PER_USER_MAX: streams } = this.settings.values;
    return transport === 'websocket' ? sockets : streams;
  }
}

const isSamePerson = (a: CallerIdentity, b: CallerIdentity) => a.tenantId === b.tenantId && a.personId === b.personId;
