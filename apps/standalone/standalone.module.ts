import { type DynamicModule, Module } from '@nestjs/common';
import { CqrsModule } from '@nestjs/cqrs';
import { AuditChainModule } from '@parley/audit/chain/audit-chain.module.js';
import { IdentityKeysModule } from '@parley/identity/tokens/identity-keys.module.js';
import { ProvidersModule } from '@parley/inference/providers/providers.module.js';
import { CommandHandlingModule } from '@parley/platform/cqrs/command-handling.module.js';
import { ReactorsModule } from '@parley/platform/cqrs/reactors.module.js';
import { eventLogConfig } from '@parley/platform/event-log/open-event-log.js';
import { RelayModule } from '@parley/platform/event-log/relay.module.js';
import { GraphqlKitModule } from '@parley/platform/graphql-kit/graphql-kit.module.js';
import type { MasterKey } from '@parley/platform/key-store/master-key.js';
import { LiveModule } from '@parley/platform/live/live.module.js';
import { OperationsModule } from '@parley/platform/operations/operations.module.js';
import { ConsistencyTokens } from '@parley/platform/read-model/consistency.js';
import { TimeTravel } from '@parley/platform/read-model/time-travel/time-travel.js';
import { ReadModelModule } from '@parley/platform/read-model/read-model.module.js';
import { WebModule } from '../gateway/web/web.module.js';
import { API, FORGET, foundation, PROJECT, QUERY, REACT, RETAIN, RUNTIME, WRITE } from '../composition/parts.js';

export interface StandaloneOptions {
  /** As its owner. */
  readonly databaseUrl: string;
  readonly masterKey: MasterKey;
  /** Where development keys are made; left out, the environment must name them. */
  readonly dataDir?: string;
  /** A provider simulator to talk to. */
  readonly simulatorUrl?: string;
}

/** Everything in one process. */
@Module({
  imports: [
    CqrsModule.forRoot(),
    CommandHandlingModule,
    ReactorsModule,
    ReadModelModule,
    OperationsModule,
    WebModule,
    GraphqlKitModule.forRoot({ readYourWrites: ConsistencyTokens, looksBack: TimeTravel }),
    ...WRITE, ...REACT, ...FORGET, ...PROJECT, ...QUERY, ...API, ...RUNTIME, ...RETAIN,
  ],
})
export class StandaloneModule {
  static forRoot({ databaseUrl, masterKey, dataDir, simulatorUrl }: StandaloneOptions): DynamicModule {
    return {
      module: StandaloneModule,
      imports: [
        ...foundation(databaseUrl, masterKey, dataDir),
        RelayModule.forRoot(eventLogConfig.read()),
        LiveModule.forRoot(),
        IdentityKeysModule.forRoot({ ...(dataDir && { dataDir }) }),
        AuditChainModule.forRoot({ ...(dataDir && { dataDir }) }),
        ProvidersModule.forRoot({ ...(simulatorUrl && { simulatorUrl }) }),
      ],
    };
  }
}
