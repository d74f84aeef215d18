import { fold } from '@parley/kernel/decider.js';
import type { EventOf, Fact } from '@parley/kernel/event.js';
import { EventStore, streamName } from '@parley/platform/event-store/event-store.js';
import { Codec } from '@parley/platform/personal-data/codec.js';
import { readable } from '@parley/platform/personal-data/undecodable.js';
import { Injectable } from '@nestjs/common';
import type { GenerationCompleted, GenerationEvent, GenerationFailed, GenerationStarted, GenerationStopped } from '../domain/generation.events.js';
import type { GenerationCommand } from '../domain/generation.commands.js';
import { generation, type GenerationState } from '../domain/generation.js';
import type { GenerationKey } from './leases.js';

export type Started = Fact<EventOf<typeof GenerationStarted>>;
export type Settlement = Fact<EventOf<typeof GenerationCompleted | typeof GenerationStopped | typeof GenerationFailed>>;

/** A generation as the log has it. */
export interface LoadedGeneration {
  readonly started: Started;
  readonly state: GenerationState;
  /** How it ended, if it has. */
  readonly settlement: Settlement | undefined;
}

/** More than a generation can have: start, three attempts and their failures, a stop, an end. */
const MOST_FACTS = 50;

/** Reads generations from their streams: what is stored counts, not what a worker remembers. */
@Injectable()
export class GenerationStreams {
  constructor(private readonly store: EventStore, private readonly codec: Codec) {}

  /** @throws Error when there is no such generation */
  async load({ tenantId, replyId }: GenerationKey): Promise<LoadedGeneration> {
    const stored = await this.store.read(streamName(generation.category, tenantId, replyId), { limit: MOST_FACTS });
    const facts = readable(await this.codec.decode(stored, generation.events, { open: true })) as readonly Fact<GenerationEvent>[];
    const [started] = facts;
    if (started?.type !== 'GenerationStarted') throw new Error(`generation ${replyId} has no beginning`);
    return { started, state: fold<GenerationState, GenerationCommand, GenerationEvent>(generation, facts), settlement: facts.find(isSettlement) };
  }
}

const isSettlement = (fact: Fact<GenerationEvent>): fact is Settlement =>
  fact.type === 'GenerationCompleted' || fact.type === 'GenerationStopped' || fact.type === 'GenerationFailed';
