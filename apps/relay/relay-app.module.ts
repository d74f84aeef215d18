import { type DynamicModule, Module } from '@nestjs/common';
import { eventLogConfig } from '@parley/platform/event-log/open-event-log.js';
import { RelayModule } from '@parley/platform/event-log/relay.module.js';
import { foundation } from '../composition/parts.js';
import type { Surroundings } from '../composition/serve-part.js';

/** Carries the log to the broker. Several may run: one of them holds the lease. */
@Module({})
export class RelayAppModule {
  static in({ databaseUrl, masterKey }: Surroundings): DynamicModule {
    return { module: RelayAppModule, imports: [...foundation(databaseUrl, masterKey), RelayModule.forRoot(eventLogConfig.read())] };
  }
}
