import { entitiesOf } from '@parley/kernel/projection.js';
import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { FindAffectedHandler } from './affected/find-affected.query.js';
import { FindReplyUsageHandler } from './replies/find-reply-usage.query.js';
import { ListReplyUsageHandler } from './replies/list-reply-usage.query.js';
import { usageProjections } from './usage-projections.js';

/** Runs where queries are answered. */
@Module({ imports: [TypeOrmModule.forFeature([...entitiesOf(usageProjections)])], providers: [FindReplyUsageHandler, ListReplyUsageHandler, FindAffectedHandler] })
export class UsageQueryModule {}
