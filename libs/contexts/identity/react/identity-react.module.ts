import { reactorsFor } from '@parley/platform/cqrs/reactor-runner.js';
import { Module } from '@nestjs/common';
import { eraseRemembered } from './erase-remembered.reactor.js';
import { finishErasure } from './finish-erasure.reactor.js';
import { giveRole } from './give-role.reactor.js';

/** Runs where facts become commands: those that keep what stands beside the log right. */
@Module({ providers: [reactorsFor('identity', [giveRole, finishErasure, eraseRemembered])] })
export class IdentityReactModule {}
