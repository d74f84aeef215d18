import { reactorsFor } from '@parley/platform/cqrs/reactor-runner.js';
import { Module } from '@nestjs/common';
import { finishErasure } from './finish-erasure.reactor.js';

/** Runs where facts become commands. */
@Module({ providers: [reactorsFor('identity', [finishErasure])] })
export class IdentityReactModule {}
