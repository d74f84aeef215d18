import { Injectable } from '@nestjs/common';
import type { Counter } from 'prom-client';
import { Metrics } from './metrics.js';

/** What is done by one at a time, under a lease. */
const LEASES = ['generation', 'relay'] as const;
type LeaseName = (typeof LEASES)[number];

/** Leases that changed hands: a holder died, hung, or left what it had. */
@Injectable()
export class LeaseMetrics {
  private readonly takeovers: Counter<'lease'>;
  private readonly losses: Counter<'lease'>;

  constructor(metrics: Metrics) {
    this.takeovers = metrics.counter('parley_lease_takeovers_total', 'Leases that were taken after another had them.', ['lease']);
    this.losses = metrics.counter('parley_leases_lost_total', 'Leases that another took while their holder was at work.', ['lease']);
    // From 0 on, so that the first one is a rise.
    for (const lease of LEASES) for (const counter of [this.takeovers, this.losses]) counter.inc({ lease }, 0);
  }

  taken(lease: LeaseName): void {
    this.takeovers.inc({ lease });
  }

  lost(lease: LeaseName): void {
    this.losses.inc({ lease });
  }
}
