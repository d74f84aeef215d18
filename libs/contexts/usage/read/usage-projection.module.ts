import { entitiesOf } from '@parley/kernel/projection.js';
import { projectorFor } from '@parley/platform/read-model/projector-for.js';
import { reportsPart } from '@parley/platform/read-model/reports.js';
import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { usageReports } from './analytics/usage-reports.js';
import { usageProjections } from './usage-projections.js';

/** Runs where read models are kept up to date. */
@Module({ imports: [TypeOrmModule.forFeature([...entitiesOf(usageProjections)])], providers: [projectorFor('usage', usageProjections)] })
export class UsageProjectionModule {
  static readonly projections = usageProjections;
  static readonly reports = usageReports;
  static readonly tables = [reportsPart('analytics', usageReports)];
}
