import { type BeforeApplicationShutdown, Inject, Injectable, type OnApplicationBootstrap, Optional, type Type } from '@nestjs/common';
import type { Reactor } from '@parley/kernel/reactor.js';
import { Clock } from '../clock/clock.js';
import { EventLog } from '../event-log/event-log.js';
import { FOLLOWS_HERE } from '../event-log/follows-here.js';
import { EventStore } from '../event-store/event-store.js';
import { Codec } from '../personal-data/codec.js';
import { CommandSender } from './command-sender.js';
import { Reacting } from './reacting.js';
import { ReactionStore } from './reaction-store.js';
import { ReactionsControl } from './reactions-control.js';

/**
 * A provider that keeps the given reactors going for as long as the application runs.
 *
 * Each fact is reacted to at least once: the ids of the commands follow from the fact, so the second time nothing happens.
 *
 * @param name who follows the log, e.g. `inference`
 * @example @Module({ providers: [reactorsFor('inference', [startReply, stopReply])] })
 */
export function reactorsFor(name: string, reactors: readonly Reactor[]): Type<OnApplicationBootstrap & BeforeApplicationShutdown> {
  @Injectable()
  class ReactorRunner implements OnApplicationBootstrap, BeforeApplicationShutdown {
    private readonly reacting: Reacting;

    constructor(
      @Inject(EventLog) log: EventLog,
      @Inject(EventStore) events: EventStore,
      @Inject(Codec) codec: Codec,
      @Inject(CommandSender) commands: CommandSender,
      @Inject(ReactionStore) memory: ReactionStore,
      @Inject(Clock) clock: Clock,
      @Inject(ReactionsControl) control: ReactionsControl,
      @Optional() @Inject(FOLLOWS_HERE) private readonly isFollowedHere = true,
    ) {
      this.reacting = new Reacting(`reactors.${name}`, reactors, log, { events, codec, commands, memory, clock });
      control.register(reactors, this.reacting);
    }

    onApplicationBootstrap(): void {
      if (this.isFollowedHere) this.reacting.start();
    }

    async beforeApplicationShutdown(): Promise<void> {
      await this.reacting.stop();
    }
  }
  return ReactorRunner;
}
