import { reactorsFor } from '@parley/platform/cqrs/reactor-runner.js';
import { Module } from '@nestjs/common';
import { giveRole } from './give-role.reactor.js';

/** Runs where the tables of tokens are kept right. */
@Module({ providers: [reactorsFor('identity', [giveRole])] })
export class IdentityReactModule {}
