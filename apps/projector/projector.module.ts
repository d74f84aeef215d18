import { type DynamicModule, Module } from '@nestjs/common';
import { ReadModelModule } from '@parley/platform/read-model/read-model.module.js';
import { foundation, PROJECT } from '../composition/parts.js';
import type { Surroundings } from '../composition/serve-part.js';

/** Folds the log into the read models. */
@Module({ imports: [ReadModelModule, ...PROJECT] })
export class ProjectorModule {
  static in({ databaseUrl, masterKey }: Surroundings): DynamicModule {
    return { module: ProjectorModule, imports: foundation(databaseUrl, masterKey) };
  }
}
