import { reactorsFor } from '@parley/platform/cqrs/reactor-runner.js';
import { Module } from '@nestjs/common';
import { answerMessage } from './answer-message.reactor.js';
import { stopErased } from './stop-erased.reactor.js';

/** Runs where facts become commands. */
@Module({ providers: [reactorsFor('inference', [answerMessage, stopErased])] })
export class InferenceReactModule {}
