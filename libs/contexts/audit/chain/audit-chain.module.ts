import { type DynamicModule, Module, type OnApplicationBootstrap } from '@nestjs/common';
import { EventLog } from '@parley/platform/event-log/event-log.js';
import { HealthChecks } from '@parley/platform/health/health-checks.js';
import { Metrics } from '@parley/platform/telemetry/metrics.js';
import { Anchors } from '../anchors/anchor.js';
import { configuredAnchors } from '../anchors/configured-anchors.js';
import { ChainKeeper } from './chain-keeper.js';
import { ChainReads } from './chain-reads.js';
import { chainTables } from './chain-tables.js';
import { openSigningKey, SigningKey } from './signing-key.js';

export interface AuditChainOptions {
  /** Where a development key and a file of heads may be made when the environment names none; leave it out where there may be none. */
  readonly dataDir?: string;
}

/** Chains every fact and signs heads. Only where this runs need the signing key be. Needs the event log, and ReactorsModule for the clock. */
@Module({})
export class AuditChainModule implements OnApplicationBootstrap {
  static readonly tables = chainTables;

  constructor(private readonly health: HealthChecks, private readonly keeper: ChainKeeper, metrics: Metrics, reads: ChainReads, events: EventLog) {
    const lag = async () => [{ value: Number((await events.head()) - (await reads.chainedThrough())) }];
    metrics.gauge('parley_audit_chain_lag', 'Facts that have no link yet.', [], lag);
    metrics.gauge('parley_audit_heads_unanchored', 'Signed heads that are not kept outside yet.', [], async () => [{ value: await reads.unanchored() }]);
  }

  static forRoot({ dataDir }: AuditChainOptions = {}): DynamicModule {
    return {
      module: AuditChainModule,
      providers: [ChainKeeper, ChainReads, { provide: SigningKey, useFactory: () => openSigningKey(dataDir) }, { provide: Anchors, useFactory: () => configuredAnchors(dataDir) }],
    };
  }

  onApplicationBootstrap(): void {
    this.health.add({ name: 'audit-chain', check: async () => this.keeper.health() });
  }
}
