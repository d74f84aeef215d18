import { Module } from '@nestjs/common';
import { UsageResolver } from './usage.resolver.js';

/** Runs at the gateway. */
@Module({ providers: [UsageResolver] })
export class UsageApiModule {}
