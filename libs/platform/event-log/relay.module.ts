import { type BeforeApplicationShutdown, type DynamicModule, Inject, Module, type OnApplicationBootstrap, Optional } from '@nestjs/common';
import { EventStore } from '../event-store/event-store.js';
import { HealthChecks } from '../health/health-checks.js';
import { Databases } from '../postgres/databases.js';
import type { SchemaPart } from '../postgres/schema.js';
import { LeaseMetrics } from '../telemetry/lease.metrics.js';
import { Metrics } from '../telemetry/metrics.js';
import { Relay } from './kafka/relay.js';
import { RelayLeases, relaysTable } from './kafka/relay-leases.js';
import { type EventLogSettings, kafkaWay } from './open-event-log.js';

/** How long the relay's lease lives when nobody renews it. */
const LEASE_MS = 6_000;

/** Brings facts to Kafka, where they travel by Kafka. Any number of processes may run it: one leads. Needs EventStoreModule and PostgresModule. */
@Module({})
export class RelayModule implements OnApplicationBootstrap, BeforeApplicationShutdown {
  static readonly tables: readonly SchemaPart[] = [relaysTable];

  constructor(private readonly store: EventStore, @Optional() @Inject(Relay) private readonly relay?: Relay, @Optional() private readonly health?: HealthChecks, @Optional() private readonly metrics?: Metrics) {}

  static forRoot(settings: EventLogSettings): DynamicModule {
    const kafka = kafkaWay(settings);
    if (!kafka) return { module: RelayModule };
    const { clients, plan } = kafka;
    const useFactory = (store: EventStore, { writer }: Databases, metrics?: LeaseMetrics) => new Relay(clients, plan, store, new RelayLeases(writer, plan.topic, store.identity, plan.lanes, LEASE_MS), metrics);
    return { module: RelayModule, providers: [{ provide: Relay, inject: [EventStore, Databases, { token: LeaseMetrics, optional: true }], useFactory }] };
  }

  onApplicationBootstrap(): void {
    if (!this.relay) return;
    const { relay, store } = this;
    this.metrics?.gauge('parley_relay_leading', 'Whether this relay carries facts to the broker (1), or waits until the one that does is gone (0).', [], () => [{ value: Number(relay.status().state === 'leading') }]);
    this.metrics?.gauge('parley_relay_lag', 'Facts that the broker has yet to acknowledge, as the relay sees it that leads.', [], async () =>
      relay.status().state === 'leading' ? [{ value: Number((await store.head()) - relay.status().position) }] : []);
    relay.start();
    this.health?.add({ name: 'relay', check: async () => healthOf(relay) });
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.relay?.stop();
  }
}

/** Facts are written while Kafka is away; they reach nobody. */
function healthOf(relay: Relay) {
  const { state, position } = relay.status();
  return { status: state === 'failing' ? ('degraded' as const) : ('up' as const), details: { state, position: Number(position) } };
}
