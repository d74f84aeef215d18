import { entitiesOf } from '@parley/kernel/projection.js';
import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { CountPeopleHandler } from './figures/people-figures.query.js';
import { FindProviderPerformanceHandler } from './figures/provider-performance.query.js';
import { ReportRows } from './figures/report-rows.js';
import { FindRetentionHandler } from './figures/retention.query.js';
import { SumUsageHandler } from './figures/sum-usage.query.js';
import { FindAffectedHandler } from './affected/find-affected.query.js';
import { FindReplyUsageHandler } from './replies/find-reply-usage.query.js';
import { ListReplyUsageHandler } from './replies/list-reply-usage.query.js';
import { usageProjections } from './usage-projections.js';

/** Runs where queries are answered. */
@Module({
  imports: [TypeOrmModule.forFeature([...entitiesOf(usageProjections)])],
  providers: [FindReplyUsageHandler, ListReplyUsageHandler, SumUsageHandler, CountPeopleHandler, FindRetentionHandler, FindProviderPerformanceHandler, FindAffectedHandler, ReportRows],
  exports: [ReportRows],
})
export class UsageQueryModule {}
