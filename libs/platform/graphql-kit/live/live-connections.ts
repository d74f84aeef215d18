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
/**
 * How long it is remembered whose connections were ended. A token is believed for a moment after its session has ended, and a
 * connection that opens in that moment must not outlive it.
 */
const ENDED_MS = 10_000;
const TIMER_MAX_MS = 2 ** 31 - 1;
const log = logger('gateway');

/** Every open connection: bounded for each person, ended with its access token or its rights, and told to resume when the server stops. */
@Injectable()
export class LiveConnections {
  private readonly open = new Set<LiveConnection>();
  /** Whose connections were ended lately, and until when that counts for those that open. */
  private readonly ended = new Map<(caller: CallerIdentity) => boolean, number>();
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
    if (this.hasLostItsRight(caller)) setImmediate(() => end(new Unauthenticated({ reason: 'revoked' }))); // not before it knows that it is open
    const lifeMs = Math.max(caller.expiresAt.getTime() - this.clock.now().getTime(), 0);
    const timer = setTimeout(() => end(new Unauthenticated({ reason: 'expired' })), Math.min(lifeMs, TIMER_MAX_MS));
    timer.unref();
    return () => {
      clearTimeout(timer);
      this.open.delete(connection);
    };
  }

  /** Ends the connections of those who lost their right to them (a session ended, a person was erased), and those that they are about to open. */
  endWhere(matches: (caller: CallerIdentity) => boolean): void {
    this.ended.set(matches, performance.now() + ENDED_MS);
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

  private hasLostItsRight(caller: CallerIdentity): boolean {
    const now = performance.now();
    for (const [matches, until] of this.ended) {
      if (until <= now) this.ended.delete(matches);
      else if (matches(caller)) return true;
    }
    return false;
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
