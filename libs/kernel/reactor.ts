import type { Command } from './command.js';
import type { Event, EventsOf, Fact } from './event.js';
import type { Meta } from './meta.js';

/** Who a reaction's command acts as. The runner makes it: same tenant and chain, an id derived from the fact and the reactor. */
export type React<E extends Event> = (fact: Fact<E>, meta: (index?: number) => Meta) => readonly Command[];

/**
 * Where another context's fact comes in: fact → commands, as pure data and functions. It runs at least once for each fact; the
 * commands' ids follow from the fact, so the second time nothing happens.
 */
export interface Reactor<E extends Event = Event> {
  /** `<context>.<what-it-does>`: names its checkpoint and its consumer group. */
  readonly name: string;
  readonly events: EventsOf<E>;
  readonly on: { readonly [T in E as T['type']]: React<T> };
}

/** @example defineReactor<EventOf<typeof MessageSent>>({ name: 'inference.start-reply', events: { MessageSent }, on: { MessageSent: (fact, meta) => [new StartGeneration(…, meta())] } }) */
export const defineReactor = <E extends Event>(reactor: Reactor<E>) => reactor as unknown as Reactor;
