import { type DynamicModule, Module } from '@nestjs/common';
import { CqrsModule } from '@nestjs/cqrs';
import { AuditChainModule } from '@parley/audit/chain/audit-chain.module.js';
import { IdentityKeysModule } from '@parley/identity/tokens/identity-keys.module.js';
import { CommandHandlingModule } from '@parley/platform/cqrs/command-handling.module.js';
import { ReactorsModule } from '@parley/platform/cqrs/reactors.module.js';
import { DispatchServerModule } from '@parley/platform/dispatch/dispatch-server.module.js';
import { FORGET, foundation, REACT, WRITE } from '../composition/parts.js';
import type { Surroundings } from '../composition/serve-part.js';

/** Decides commands, and reacts to facts by commands: the only writer of the event store. */
@Module({ imports: [CqrsModule.forRoot(), CommandHandlingModule, ReactorsModule, DispatchServerModule, ...WRITE, ...REACT, ...FORGET] })
export class CommandModule {
  static in({ databaseUrl, masterKey }: Surroundings): DynamicModule {
    return { module: CommandModule, imports: [...foundation(databaseUrl, masterKey), IdentityKeysModule.forRoot(), AuditChainModule.forRoot()] };
  }
}
