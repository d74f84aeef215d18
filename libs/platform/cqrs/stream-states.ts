import { fold } from '@parley/kernel/decider.js';
import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { EventStore, NO_STREAM, streamName } from '../event-store/event-store.js';
import { Codec } from '../personal-data/codec.js';
import { type Definitions, shapesOf } from '../personal-data/fact-shape.js';
import { readable } from '../personal-data/undecodable.js';

/** How the facts of a stream make a state: a decider, or what another context makes of the facts in a contract. */
export interface StreamFold<State> {
  readonly category: string;
  readonly initialState: State;
  readonly events: Definitions;
  readonly evolve: Readonly<Record<string, (state: State, event: never) => State>>;
  /** True: facts that `events` does not name do not matter, as for one who knows a stream by its contract. Else they are an error. */
  readonly isPartial?: boolean;
}

/** A stream as far as we know it. Others may have appended since. */
export interface Known<State> {
  readonly state: State;
  /** NO_STREAM when it has no facts. */
  readonly revision: bigint;
  /** Place of its last fact in the whole log; 0 when it has none. */
  readonly position: bigint;
}

/** How many streams stay folded in memory. */
const CACHED_STREAMS = 10_000;

/** Facts that are read at a time. */
const PAGE = 500;

/** Folded streams, remembered: a long stream is read once, afterwards only its tail. */
@Injectable()
export class StreamStates {
  private readonly remembered = new LRUCache<string, Known<unknown>>({ max: CACHED_STREAMS });
  private readonly prefixes = new WeakMap<object, number>();
  private folds = 0;

  constructor(private readonly store: EventStore, private readonly codec: Codec) {}

  /** The state of a stream of another aggregate or context, with all that is in the log now. @throws UnreadableFact */
  async latest<State>(of: StreamFold<State>, tenantId: string, id: string): Promise<State> {
    const stream = streamName(of.category, tenantId, id);
    return (await this.catchUp(of, stream, this.recall(of, stream))).state;
  }

  recall<State>(of: StreamFold<State>, stream: string): Known<State> | undefined {
    return this.remembered.get(this.nameOf(of, stream)) as Known<State> | undefined;
  }

  remember<State>(of: StreamFold<State>, stream: string, known: Known<State>): void {
    this.remembered.set(this.nameOf(of, stream), known);
  }

  /** Lets go of all that is remembered of a tenant's streams. */
  forget(tenantId: string): void {
    for (const name of this.remembered.keys()) if (name.includes(`-${tenantId}.`)) this.remembered.delete(name);
  }

  /** Reads on from what is known, page by page. @throws UnreadableFact */
  async catchUp<State>(of: StreamFold<State>, stream: string, known?: Known<State>): Promise<Known<State>> {
    let { state, revision, position } = known ?? { state: of.initialState, revision: NO_STREAM, position: 0n };
    for (;;) {
      const page = await this.store.read(stream, { from: revision + 1n, limit: PAGE });
      const last = page.at(-1);
      if (last) {
        const wanted = of.isPartial ? page.filter(({ type }) => shapesOf(of.events).has(type)) : page;
        const facts = readable(await this.codec.decode(wanted, of.events, { open: true }));
        state = fold(of as never, facts, state as never);
        ({ revision, position } = last);
      }
      if (page.length < PAGE) break;
    }
    const latest = { state, revision, position };
    this.remember(of, stream, latest);
    return latest;
  }

  /** Two folds of one stream are two states. */
  private nameOf(of: object, stream: string): string {
    let prefix = this.prefixes.get(of);
    if (prefix === undefined) this.prefixes.set(of, (prefix = this.folds++));
    return `${prefix}/${stream}`;
  }
}
