import { AuditedTenants } from '@parley/platform/graphql-kit/audited-tenants.js';
import { Module } from '@nestjs/common';
import { AuditQueryModule } from '../read/audit-query.module.js';
import { HistoryResolver } from './history.resolver.js';
import { StateResolver } from './state.resolver.js';

/** Runs at the gateway: what happened, and what was. */
@Module({ imports: [AuditQueryModule], providers: [AuditedTenants, HistoryResolver, StateResolver] })
export class AuditHistoryApiModule {}
