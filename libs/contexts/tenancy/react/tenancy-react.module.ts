import { reactorsFor } from '@parley/platform/cqrs/reactor-runner.js';
import { Module } from '@nestjs/common';
import { setUpTenant } from './set-up-tenant.reactor.js';

/** Runs where the facts of other contexts come in. */
@Module({ providers: [reactorsFor('tenancy', [setUpTenant])] })
export class TenancyReactModule {}
