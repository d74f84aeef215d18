import { handlersFor } from '@parley/platform/cqrs/handlers-for.js';
import { Module } from '@nestjs/common';
import { tenant } from '../domain/tenant.js';
import { CreateTenantHandler } from './create-tenant.handler.js';
import { Slugs, slugsTable } from './slugs.js';

/** Runs where commands are decided. */
@Module({ providers: [Slugs, CreateTenantHandler, ...handlersFor(tenant, { except: ['CreateTenant'] })] })
export class TenancyWriteModule {
  static readonly tables = [slugsTable];
}
