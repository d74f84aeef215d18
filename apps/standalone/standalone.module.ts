import { type DynamicModule, Module } from '@nestjs/common';
import { CqrsModule } from '@nestjs/cqrs';
import { AgentsApiModule } from '@parley/agents/api/agents-api.module.js';
import { AgentsProjectionModule } from '@parley/agents/read/agents-projection.module.js';
import { AgentsQueryModule } from '@parley/agents/read/agents-query.module.js';
import { AgentsWriteModule } from '@parley/agents/write/agents-write.module.js';
import { AuditEvidenceApiModule } from '@parley/audit/api/audit-evidence-api.module.js';
import { AuditChainModule } from '@parley/audit/chain/audit-chain.module.js';
import { AuditWriteModule } from '@parley/audit/write/audit-write.module.js';
import { ChatApiModule } from '@parley/chat/api/chat-api.module.js';
import { ChatReactModule } from '@parley/chat/react/chat-react.module.js';
import { ChatProjectionModule } from '@parley/chat/read/chat-projection.module.js';
import { ChatQueryModule } from '@parley/chat/read/chat-query.module.js';
import { ChatWriteModule } from '@parley/chat/write/chat-write.module.js';
import { IdentityApiModule } from '@parley/identity/api/identity-api.module.js';
import { IdentityForgetModule } from '@parley/identity/react/identity-forget.module.js';
import { IdentityProjectionModule } from '@parley/identity/read/identity-projection.module.js';
import { IdentityQueryModule } from '@parley/identity/read/identity-query.module.js';
import { IdentityReactModule } from '@parley/identity/react/identity-react.module.js';
import { IdentityKeysModule } from '@parley/identity/tokens/identity-keys.module.js';
import { IdentityWriteModule } from '@parley/identity/write/identity-write.module.js';
import { ProvidersModule } from '@parley/inference/providers/providers.module.js';
import { InferenceReactModule } from '@parley/inference/react/inference-react.module.js';
import { InferenceRuntimeModule } from '@parley/inference/runtime/inference-runtime.module.js';
import { InferenceWriteModule } from '@parley/inference/write/inference-write.module.js';
import { CommandHandlingModule } from '@parley/platform/cqrs/command-handling.module.js';
import { ReactorsModule } from '@parley/platform/cqrs/reactors.module.js';
import { EventLogModule, eventLogConfig } from '@parley/platform/event-log/event-log.module.js';
import { EventStoreModule } from '@parley/platform/event-store/event-store.module.js';
import { eventStoreConfig } from '@parley/platform/event-store/open-event-store.js';
import { GraphqlKitModule } from '@parley/platform/graphql-kit/graphql-kit.module.js';
import { HealthModule } from '@parley/platform/health/health.module.js';
import { KeyStoreModule } from '@parley/platform/key-store/key-store.module.js';
import type { MasterKey } from '@parley/platform/key-store/master-key.js';
import { LiveModule } from '@parley/platform/live/live.module.js';
import { OperationsModule } from '@parley/platform/operations/operations.module.js';
import { PersonalDataModule } from '@parley/platform/personal-data/personal-data.module.js';
import { PostgresModule } from '@parley/platform/postgres/postgres.module.js';
import { ConsistencyTokens } from '@parley/platform/read-model/consistency.js';
import { ReadModelModule } from '@parley/platform/read-model/read-model.module.js';
import { TelemetryModule } from '@parley/platform/telemetry/telemetry.module.js';
import { TenancyApiModule } from '@parley/tenancy/api/tenancy-api.module.js';
import { TenancyReactModule } from '@parley/tenancy/react/tenancy-react.module.js';
import { TenancyProjectionModule } from '@parley/tenancy/read/tenancy-projection.module.js';
import { TenancyQueryModule } from '@parley/tenancy/read/tenancy-query.module.js';
import { TenancyWriteModule } from '@parley/tenancy/write/tenancy-write.module.js';
import { UsageApiModule } from '@parley/usage/api/usage-api.module.js';
import { UsageProjectionModule } from '@parley/usage/read/usage-projection.module.js';
import { UsageQueryModule } from '@parley/usage/read/usage-query.module.js';
import { WebModule } from '../gateway/web/web.module.js';

export interface StandaloneOptions {
  /** As its owner. */
  readonly databaseUrl: string;
  readonly masterKey: MasterKey;
  /** Where development keys are made; left out, the environment must name them. */
  readonly dataDir?: string;
  /** A provider simulator to talk to. */
  readonly simulatorUrl?: string;
}

/** Parts that keep something outside the log and the read models. */
const KEEPERS = [KeyStoreModule, CommandHandlingModule, ReactorsModule, ReadModelModule, IdentityWriteModule, TenancyWriteModule, AgentsWriteModule, ChatWriteModule, InferenceRuntimeModule, UsageProjectionModule, AuditChainModule];

/** Everything in one process. */
@Module({
  imports: [
    CqrsModule.forRoot(),
    PersonalDataModule,
    CommandHandlingModule,
    ReactorsModule,
    ReadModelModule,
    TelemetryModule,
    HealthModule,
    OperationsModule,
    WebModule,
    GraphqlKitModule.forRoot({ readYourWrites: ConsistencyTokens }),
    IdentityWriteModule, IdentityReactModule, IdentityForgetModule, IdentityProjectionModule, IdentityQueryModule, IdentityApiModule,
    TenancyWriteModule, TenancyReactModule, TenancyProjectionModule, TenancyQueryModule, TenancyApiModule,
    AgentsWriteModule, AgentsProjectionModule, AgentsQueryModule, AgentsApiModule,
    ChatWriteModule, ChatReactModule, ChatProjectionModule, ChatQueryModule, ChatApiModule,
    InferenceWriteModule, InferenceReactModule, InferenceRuntimeModule,
    UsageProjectionModule, UsageQueryModule, UsageApiModule,
    AuditWriteModule, AuditEvidenceApiModule,
  ],
})
export class StandaloneModule {
  static forRoot({ databaseUrl, masterKey, dataDir, simulatorUrl }: StandaloneOptions): DynamicModule {
    const { PARLEY_EVENT_STORE_URL, PARLEY_EVENT_STORE_WAITING_MAX: waitingMax } = eventStoreConfig.read();
    return {
      module: StandaloneModule,
      imports: [
        PostgresModule.forRoot({ ownerUrl: databaseUrl, masterKey: masterKey.bytes, tables: KEEPERS.flatMap(({ tables }) => tables) }),
        KeyStoreModule.forRoot(masterKey),
        EventStoreModule.forRoot({ url: PARLEY_EVENT_STORE_URL, masterKey: masterKey.bytes, waitingMax }),
        EventLogModule.forRoot({ url: eventLogConfig.read().PARLEY_EVENT_LOG_URL }),
        LiveModule.forRoot(),
        IdentityKeysModule.forRoot({ ...(dataDir && { dataDir }) }),
        AuditChainModule.forRoot({ ...(dataDir && { dataDir }) }),
        ProvidersModule.forRoot({ ...(simulatorUrl && { simulatorUrl }) }),
      ],
    };
  }
}
