import { type DynamicModule, Module } from '@nestjs/common';
import { CqrsModule } from '@nestjs/cqrs';
import { IdentityKeysModule } from '@parley/identity/tokens/identity-keys.module.js';
import { ReactorsModule } from '@parley/platform/cqrs/reactors.module.js';
import { DispatchClientModule } from '@parley/platform/dispatch/dispatch-client.module.js';
import { FollowedElsewhereModule } from '@parley/platform/event-log/follows-here.js';
import { GraphqlKitModule } from '@parley/platform/graphql-kit/graphql-kit.module.js';
import { LiveModule } from '@parley/platform/live/live.module.js';
import { OperationsModule } from '@parley/platform/operations/operations.module.js';
import { ConsistencyTokens } from '@parley/platform/read-model/consistency.js';
import { TimeTravel } from '@parley/platform/read-model/time-travel/time-travel.js';
import { ReadModelModule } from '@parley/platform/read-model/read-model.module.js';
import { API, FORGET, foundation, PROJECT, QUERY, REACT, RETAIN } from '../composition/parts.js';
import type { Surroundings } from '../composition/serve-part.js';
import { WebModule } from './web/web.module.js';

/** The only public door. It knows of projections and reactors, for operators to see; others run them. */
@Module({
  imports: [
    CqrsModule.forRoot(),
    DispatchClientModule,
    FollowedElsewhereModule,
    ReactorsModule,
    ReadModelModule,
    OperationsModule,
    WebModule,
    GraphqlKitModule.forRoot({ readYourWrites: ConsistencyTokens, looksBack: TimeTravel }),
    ...REACT, ...FORGET, ...PROJECT, ...QUERY, ...API, ...RETAIN,
  ],
})
export class GatewayModule {
  static in({ databaseUrl, masterKey }: Surroundings): DynamicModule {
    return { module: GatewayModule, imports: [...foundation(databaseUrl, masterKey), LiveModule.forRoot(), IdentityKeysModule.forRoot()] };
  }
}
