import { type DynamicModule, Module } from '@nestjs/common';
import { ProvidersModule } from '@parley/inference/providers/providers.module.js';
import { ReactorsModule } from '@parley/platform/cqrs/reactors.module.js';
import { DispatchClientModule } from '@parley/platform/dispatch/dispatch-client.module.js';
import { LiveModule } from '@parley/platform/live/live.module.js';
import { FORGET, foundation, RUNTIME } from '../composition/parts.js';
import type { Surroundings } from '../composition/serve-part.js';

/** Makes the replies: claims generations, calls providers, streams chunks, settles by command. */
@Module({ imports: [ReactorsModule, DispatchClientModule, ...RUNTIME, ...FORGET] })
export class RuntimeModule {
  static in({ databaseUrl, masterKey }: Surroundings): DynamicModule {
    return { module: RuntimeModule, imports: [...foundation(databaseUrl, masterKey), LiveModule.forRoot(), ProvidersModule.forRoot()] };
  }
}
