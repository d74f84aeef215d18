import { Injectable } from '@nestjs/common';
import { defineError } from '@parley/kernel/domain-error.js';
import type { Reactor } from '@parley/kernel/reactor.js';
import type { Reacting, ReactorStatus } from './reacting.js';
import { type ParkedName, ReactionStore, type Skip } from './reaction-store.js';

export class ReactionNotParked extends defineError('REACTION_NOT_PARKED', 'not-found', 'No such fact is parked.', 'Ask for the status to see what is parked.') {}

/** Shows how reactors are, and mends them: for health, metrics and operators. */
@Injectable()
export class ReactionsControl {
  private readonly running = new Map<string, Reacting>();

  constructor(private readonly memory: ReactionStore) {}

  /** @throws Error when two reactors have one name, and so one checkpoint */
  register(reactors: readonly Reactor[], reacting: Reacting): void {
    for (const { name } of reactors) {
      if (this.running.has(name)) throw new Error(`there are two reactors ${name}`);
      this.running.set(name, reacting);
    }
  }

  /** Of the reactors of this process. */
  async status(): Promise<readonly ReactorStatus[]> {
    return (await Promise.all([...new Set(this.running.values())].map((each) => each.status()))).flat();
  }

  /** Tries parked facts again, in order. @returns of how many streams */
  async retry(reactor: string, stream?: string): Promise<number> {
    const streams = await this.memory.wishRetry(reactor, stream);
    await this.running.get(reactor)?.sweep();
    return streams;
  }

  /** Passes over a parked fact, on the record; what waits behind it goes on. @throws ReactionNotParked */
  async skip(name: ParkedName, skip: Skip): Promise<void> {
    if (!(await this.memory.skip(name, skip))) throw new ReactionNotParked();
    await this.running.get(name.reactor)?.sweep();
  }
}
