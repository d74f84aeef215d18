import { Module } from '@nestjs/common';
import { TenantResolver } from './tenant.resolver.js';

@Module({ providers: [TenantResolver] })
export class TenancyApiModule {}
