import { reactorsFor } from '@parley/platform/cqrs/reactor-runner.js';
import { Module } from '@nestjs/common';
import { keepMembers } from './keep-members.reactor.js';
import { setUpTenant } from './set-up-tenant.reactor.js';

/** Runs where the facts of other contexts come in. */
@Module({ providers: [reactorsFor('tenancy', [setUpTenant, keepMembers])] })
export class TenancyReactModule {}
