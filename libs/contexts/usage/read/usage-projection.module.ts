import { entitiesOf } from '@parley/kernel/projection.js';
import { projectorFor } from '@parley/platform/read-model/projector-for.js';
import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { usageProjections } from './usage-projections.js';

/** Runs where read models are kept up to date. */
@Module({ imports: [TypeOrmModule.forFeature([...entitiesOf(usageProjections)])], providers: [projectorFor('usage', usageProjections)] })
export class UsageProjectionModule {
  static readonly projections = usageProjections;
}
