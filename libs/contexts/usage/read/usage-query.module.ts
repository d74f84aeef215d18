import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { FindReplyUsageHandler } from './replies/find-reply-usage.query.js';
import { ListReplyUsageHandler } from './replies/list-reply-usage.query.js';
import { usageProjections } from './usage-projections.js';

/** Runs where queries are answered. */
@Module({ imports: [TypeOrmModule.forFeature(usageProjections.map(({ row }) => row))], providers: [FindReplyUsageHandler, ListReplyUsageHandler] })
export class UsageQueryModule {}
