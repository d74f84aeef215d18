import { reactorsFor } from '@parley/platform/cqrs/reactor-runner.js';
import { Module } from '@nestjs/common';
import { keepRetention } from './keep-retention.reactor.js';
import { recordReply } from './record-reply.reactor.js';

/** Runs where other contexts' facts come in. */
@Module({ providers: [reactorsFor('chat', [recordReply, keepRetention])] })
export class ChatReactModule {}
