import { Module } from '@nestjs/common';
import { AffectedResolver } from './affected.resolver.js';
import { UsageResolver } from './usage.resolver.js';

/** Runs at the gateway. */
@Module({ providers: [UsageResolver, AffectedResolver] })
export class UsageApiModule {}
