import { type DynamicModule, Module, type OnApplicationBootstrap } from '@nestjs/common';
import { HealthChecks } from '@parley/platform/health/health-checks.js';
import { Anchors } from '../anchors/anchor.js';
import { configuredAnchors } from '../anchors/configured-anchors.js';
import { ChainKeeper } from './chain-keeper.js';
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

  constructor(private readonly health: HealthChecks, private readonly keeper: ChainKeeper) {}

  static forRoot({ dataDir }: AuditChainOptions = {}): DynamicModule {
    return {
      module: AuditChainModule,
      providers: [ChainKeeper, { provide: SigningKey, useFactory: () => openSigningKey(dataDir) }, { provide: Anchors, useFactory: () => configuredAnchors(dataDir) }],
    };
  }

  onApplicationBootstrap(): void {
    this.health.add({ name: 'audit-chain', check: async () => this.keeper.health() });
  }
}
