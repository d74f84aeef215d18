import type { Command } from './command.js';
import type { Event, EventsOf } from './event.js';

/**
 * A consistency boundary, as pure data and functions: given the facts so far, which new facts follow from a command?
 *
 * `decide` may refuse (throw a DomainError) or answer `[]` (nothing to do: the command was handled before).
 * `evolve` never refuses: the fact has happened. It runs in O(1), for a stream may grow for years.
 */
export interface Decider<State, C extends Command, E extends Event> {
  /** Names the streams: `<category>-<tenantId>.<id>`, e.g. category `chat.conversation`. Never with a hyphen. */
  readonly category: string;
  readonly initialState: State;
  readonly commands: { readonly [K in C as K['type']]: new (...args: never) => K };
  readonly events: EventsOf<E>;
  readonly id: (command: C) => string;
  readonly decide: { readonly [K in C as K['type']]: (command: K, state: State) => readonly E[] };
  readonly evolve: { readonly [K in E as K['type']]: (state: State, event: K) => State };
}

export const defineDecider = <State, C extends Command, E extends Event>(decider: Decider<State, C, E>) => decider;

/** A table seen from outside, where the compiler no longer knows which entry belongs to which type. */
type Table<Result> = Record<string, ((first: unknown, second: unknown) => Result) | undefined>;

/** The state after the given facts, from the beginning or from an earlier state. */
export function fold<State, C extends Command, E extends Event>(
  decider: Pick<Decider<State, C, E>, 'category' | 'initialState' | 'evolve'>,
  events: readonly Event[],
  from = decider.initialState,
): State {
  return events.reduce((state, event) => {
    const evolve = (decider.evolve as Table<State>)[event.type];
    if (!evolve) throw new Error(`${decider.category}: no evolve for event ${event.type}`);
    return evolve(state, event);
  }, from);
}

/** The facts that follow from the command. @throws DomainError when the state forbids it */
export function decide<State, C extends Command, E extends Event>(decider: Decider<State, C, E>, command: C, state: State): readonly E[] {
  const decision = (decider.decide as Table<readonly E[]>)[command.type];
  if (!decision) throw new Error(`${decider.category}: no decide for command ${command.type}`);
  return decision(command, state);
}
