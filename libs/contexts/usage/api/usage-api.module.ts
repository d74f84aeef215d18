import { AuditedTenants } from '@parley/platform/graphql-kit/audited-tenants.js';
import { FactNewsModule } from '@parley/platform/event-log/fact-news.js';
import { Module } from '@nestjs/common';
import { UsageQueryModule } from '../read/usage-query.module.js';
import { AnalyticsController } from './analytics.controller.js';
import { FiguresResolver } from './figures.resolver.js';
import { UsageController } from './usage.controller.js';
import { UsageNews } from './usage-news.js';
import { AffectedResolver } from './affected.resolver.js';
import { UsageResolver } from './usage.resolver.js';
import { UsageUpdates } from './usage-updates.js';

/** Runs at the gateway. */
@Module({ imports: [FactNewsModule, UsageQueryModule], controllers: [AnalyticsController, UsageController], providers: [UsageResolver, FiguresResolver, AffectedResolver, AuditedTenants, UsageNews, UsageUpdates] })
export class UsageApiModule {}
