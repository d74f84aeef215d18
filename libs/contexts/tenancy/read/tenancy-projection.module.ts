import { projectorFor } from '@parley/platform/read-model/projector-for.js';
import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { tenancyProjections } from './tenancy-projections.js';

/** Runs where read models are kept up to date. */
@Module({
  imports: [TypeOrmModule.forFeature(tenancyProjections.map(({ row }) => row))],
  providers: [projectorFor('tenancy', tenancyProjections)],
})
export class TenancyProjectionModule {
  static readonly projections = tenancyProjections;
}
