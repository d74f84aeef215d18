import type { Event, EventsOf, Fact } from './event.js';
import { checkAddends, type Rollup } from './rollup.js';
import { idOf, type TenantKeyed } from './tenant-keyed.js';

export { idOf, type TenantKeyed };

type Key<Row, K extends keyof Row> = Readonly<Pick<Row, K>>;
type Values<Row extends TenantKeyed, K extends keyof Row> = Readonly<Omit<Row, K | 'tenantId'>>;

/** What one kind of fact does: which row it concerns, and what that row becomes. */
export interface Step<Row extends TenantKeyed, K extends keyof Row, E extends Event> {
  readonly key: (fact: Fact<E>) => Key<Row, K>;
  /** `row` is undefined when there is none yet; answer undefined to have none, `row` itself to leave it as it is. */
  readonly evolve: (row: Readonly<Row> | undefined, fact: Fact<E>) => Values<Row, K> | undefined;
  /** True where the fact alone says what the row is: `evolve` is given no row, even where there is one, so none has to be fetched. */
  readonly fresh?: boolean;
}

/**
 * A read model as pure data and functions: a fold like a decider's, with one state for each key.
 *
 * It knows no database. A projector runs it: in memory (specs, time travel, comparison) or on Postgres (the live table).
 * Personal fields reach it sealed, and so they stand in the row: queries open them, and erasing a key erases them here too.
 */
export interface Projection<Row extends TenantKeyed = TenantKeyed, K extends keyof Row = keyof Row, E extends Event = Event> {
  /** Schema and table, e.g. `chat.conversation_list`. */
  readonly name: string;
  /** Raise it whenever `on`, `row` or `rollups` change: the table is built anew from the log beside the old one, then takes its place. */
  readonly version: number;
  /** The entity: the single declaration of the table. Its primary columns are the key, tenant first. */
  readonly row: new () => Row;
  /** Columns that hold sealed text of a person. */
  readonly personal?: readonly (keyof Row & string)[];
  readonly events: EventsOf<E>;
  readonly on: { readonly [T in E as T['type']]: Step<Row, K, T> };
  /** Tables of sums over its rows. */
  readonly rollups?: readonly Rollup[];
}

/** @example defineProjection<ConversationListRow, 'conversationId', ConversationEvent>({ name, version, row, events, on: { … } }) */
export const defineProjection = <Row extends TenantKeyed, K extends Exclude<keyof Row, 'tenantId'>, E extends Event>(projection: Projection<Row, K, E>) =>
  projection as unknown as Projection; // the projector looks entries up by name; the types did their work above

/** What a fact asks of a projection: the key of the row, the same as text, and what the row becomes. */
export interface Change {
  readonly id: string;
  readonly key: TenantKeyed;
  /** Whether `evolve` is indifferent to the row that is there. */
  readonly fresh: boolean;
  readonly evolve: (row: TenantKeyed | undefined) => TenantKeyed | undefined;
}

/** @returns undefined when the projection does not name this type of fact */
export function changeOf(projection: Projection, fact: Fact): Change | undefined {
  const step = (projection.on as Record<string, Step<TenantKeyed, never, Event> | undefined>)[fact.type];
  if (!step) return undefined;
  const key = { tenantId: fact.meta.tenantId, ...step.key(fact) };
  return {
    id: idOf(key, key),
    key,
    fresh: step.fresh === true,
    evolve(row) {
      const values = step.evolve(step.fresh ? undefined : row, fact);
      if (!values || values === row) return values as TenantKeyed | undefined;
      const next = { ...values, ...key };
      for (const rollup of projection.rollups ?? []) checkAddends(rollup, next); // throws here, where the fact is known, or nowhere
      return next;
    },
  };
}

/** The entities of the tables that projections fill, those of their rollups among them. */
export const entitiesOf = (projections: readonly Projection[]): readonly (new () => TenantKeyed)[] =>
  projections.flatMap(({ row, rollups = [] }) => [row, ...rollups.map((rollup) => rollup.row)]);
