import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { ListMembersHandler } from './members/list-members.query.js';
import { tenancyProjections } from './tenancy-projections.js';
import { FindTenantHandler } from './tenants/find-tenant.query.js';

/** Runs where queries are answered. */
@Module({
  imports: [TypeOrmModule.forFeature(tenancyProjections.map(({ row }) => row))],
  providers: [FindTenantHandler, ListMembersHandler],
})
export class TenancyQueryModule {}
