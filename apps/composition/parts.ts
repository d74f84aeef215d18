import type { DynamicModule, Type } from '@nestjs/common';
import { AgentsApiModule } from '@parley/agents/api/agents-api.module.js';
import { AgentsProjectionModule } from '@parley/agents/read/agents-projection.module.js';
import { AgentsQueryModule } from '@parley/agents/read/agents-query.module.js';
import { AgentsWriteModule } from '@parley/agents/write/agents-write.module.js';
import { AuditHistoryApiModule } from '@parley/audit/api/audit-history-api.module.js';
import { AuditEvidenceApiModule } from '@parley/audit/api/audit-evidence-api.module.js';
import { AuditChainModule } from '@parley/audit/chain/audit-chain.module.js';
import { AuditWriteModule } from '@parley/audit/write/audit-write.module.js';
import { ChatApiModule } from '@parley/chat/api/chat-api.module.js';
import { ChatReactModule } from '@parley/chat/react/chat-react.module.js';
import { ChatProjectionModule } from '@parley/chat/read/chat-projection.module.js';
import { ChatQueryModule } from '@parley/chat/read/chat-query.module.js';
import { ChatRetentionModule } from '@parley/chat/retention/chat-retention.module.js';
import { ChatWriteModule } from '@parley/chat/write/chat-write.module.js';
import { IdentityApiModule } from '@parley/identity/api/identity-api.module.js';
import { IdentityForgetModule } from '@parley/identity/react/identity-forget.module.js';
import { IdentityProjectionModule } from '@parley/identity/read/identity-projection.module.js';
import { IdentityQueryModule } from '@parley/identity/read/identity-query.module.js';
import { IdentityRetentionModule } from '@parley/identity/retention/identity-retention.module.js';
import { IdentityReactModule } from '@parley/identity/react/identity-react.module.js';
import { IdentityWriteModule } from '@parley/identity/write/identity-write.module.js';
import { InferenceReactModule } from '@parley/inference/react/inference-react.module.js';
import { InferenceRuntimeModule } from '@parley/inference/runtime/inference-runtime.module.js';
import { InferenceWriteModule } from '@parley/inference/write/inference-write.module.js';
import { CommandHandlingModule } from '@parley/platform/cqrs/command-handling.module.js';
import { ReactorsModule } from '@parley/platform/cqrs/reactors.module.js';
import { EventLogModule } from '@parley/platform/event-log/event-log.module.js';
import { eventLogConfig } from '@parley/platform/event-log/open-event-log.js';
import { RelayModule } from '@parley/platform/event-log/relay.module.js';
import { EventStoreModule } from '@parley/platform/event-store/event-store.module.js';
import { eventStoreConfig } from '@parley/platform/event-store/open-event-store.js';
import { HealthModule } from '@parley/platform/health/health.module.js';
import { KeyStoreModule } from '@parley/platform/key-store/key-store.module.js';
import type { MasterKey } from '@parley/platform/key-store/master-key.js';
import { PersonalDataModule } from '@parley/platform/personal-data/personal-data.module.js';
import { PostgresModule } from '@parley/platform/postgres/postgres.module.js';
import { ReadModelModule } from '@parley/platform/read-model/read-model.module.js';
import { TelemetryModule } from '@parley/platform/telemetry/telemetry.module.js';
import { TenancyApiModule } from '@parley/tenancy/api/tenancy-api.module.js';
import { TenancyProjectionModule } from '@parley/tenancy/read/tenancy-projection.module.js';
import { TenancyQueryModule } from '@parley/tenancy/read/tenancy-query.module.js';
import { TenancyReactModule } from '@parley/tenancy/react/tenancy-react.module.js';
import { TenancyWriteModule } from '@parley/tenancy/write/tenancy-write.module.js';
import { UsageApiModule } from '@parley/usage/api/usage-api.module.js';
import { UsageProjectionModule } from '@parley/usage/read/usage-projection.module.js';
import { UsageQueryModule } from '@parley/usage/read/usage-query.module.js';

// The contexts' rooms by what they are for: every app is made of some of these lists, standalone of all of them.

/** Where commands are decided. */
export const WRITE: Type[] = [IdentityWriteModule, TenancyWriteModule, AgentsWriteModule, ChatWriteModule, InferenceWriteModule, AuditWriteModule];

/** Where other contexts' facts come in. */
export const REACT: Type[] = [IdentityReactModule, TenancyReactModule, ChatReactModule, InferenceReactModule];

/** Where each process drops what it remembers of an erased person. */
export const FORGET: Type[] = [IdentityForgetModule];

/** Where facts become tables. */
export const PROJECT: Type[] = [IdentityProjectionModule, TenancyProjectionModule, AgentsProjectionModule, ChatProjectionModule, UsageProjectionModule];

/** Where queries are answered. */
export const QUERY: Type[] = [IdentityQueryModule, TenancyQueryModule, AgentsQueryModule, ChatQueryModule, UsageQueryModule];

/** Where GraphQL and REST come in. */
export const API: Type[] = [IdentityApiModule, TenancyApiModule, AgentsApiModule, ChatApiModule, UsageApiModule, AuditEvidenceApiModule, AuditHistoryApiModule];

/** Where replies are made. */
export const RUNTIME: Type[] = [InferenceRuntimeModule];

/** Where rules of retention are gone by: it asks queries and sends commands. */
export const RETAIN: Type[] = [ChatRetentionModule, IdentityRetentionModule];

/** Parts that keep something outside the log and the read models. Every app makes what is missing of all of it: who starts first does not matter. */
export const KEEPERS = [KeyStoreModule, RelayModule, CommandHandlingModule, ReactorsModule, ReadModelModule, IdentityWriteModule, TenancyWriteModule, AgentsWriteModule, ChatWriteModule, InferenceRuntimeModule, UsageProjectionModule, AuditChainModule];

/** What every app stands on. @param databaseUrl as its owner @param dataDir where files of ours may be made that the environment does not name */
export function foundation(databaseUrl: string, masterKey: MasterKey, dataDir?: string): (Type | DynamicModule)[] {
  const { PARLEY_EVENT_STORE_URL: url, PARLEY_EVENT_STORE_WAITING_MAX: waitingMax } = eventStoreConfig.read();
  return [
    PostgresModule.forRoot({ ownerUrl: databaseUrl, masterKey: masterKey.bytes, tables: KEEPERS.flatMap(({ tables }) => tables) }),
    KeyStoreModule.forRoot(masterKey, dataDir),
    EventStoreModule.forRoot({ url, masterKey: masterKey.bytes, waitingMax }),
    EventLogModule.forRoot(eventLogConfig.read()),
    PersonalDataModule,
    TelemetryModule,
    HealthModule,
  ];
}
