import { Module, type OnApplicationBootstrap } from '@nestjs/common';
import { EventStore } from '../event-store/event-store.js';
import { HealthChecks } from '../health/health-checks.js';
import { ReactionsControl } from '../cqrs/reactions-control.js';
import { ProjectionsControl } from '../read-model/projections.service.js';
import { OperationsMetrics } from './operations.metrics.js';
import { Followers } from './followers.js';
import { OperationsResolver } from './operations.resolver.js';

/** Runs at the gateway: how the platform's parts are, for operators and for health. Needs ReadModelModule, ReactorsModule and HealthModule. */
@Module({ providers: [Followers, OperationsResolver, OperationsMetrics] })
export class OperationsModule implements OnApplicationBootstrap {
  constructor(
    private readonly health: HealthChecks,
    private readonly projections: ProjectionsControl,
    private readonly reactions: ReactionsControl,
    private readonly store: EventStore,
  ) {}

  onApplicationBootstrap(): void {
    this.health.add({ name: 'event-store', check: async () => ({ status: 'up', details: { head: Number(await this.store.head()) } }) });
    this.health.add({ name: 'projections', check: () => this.projections.health() });
    this.health.add({ name: 'reactors', check: () => this.reactorsHealth() });
  }

  private async reactorsHealth() {
    const parked = (await this.reactions.status()).reduce((sum, each) => sum + each.parked.length, 0);
    return { status: parked > 0 ? ('degraded' as const) : ('up' as const), details: { parked } };
  }
}
