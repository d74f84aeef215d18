import type { QueryConfig } from 'pg';
import type { StoredFact } from './event-store.js';
import type { Append } from './group-commit.js';

/** A row of parley.append_events: see there. */
export interface Answer {
  /** Counts from 1; null for the one row that says that everything was written. */
  readonly request: bigint | null;
  readonly last_revision: bigint | null;
  readonly last_position: bigint | null;
  readonly was_repeated: boolean;
  readonly written_at: Date;
}

/** The call that writes a group. Arrays of text travel and unpack faster than JSON, and their text is not read twice. */
export function appendQuery(group: readonly Append[], careful: boolean): QueryConfig {
  const facts = group.flatMap(({ stream, expected, facts: own }) => own.map((fact, index) => ({ ...fact, stream, revision: expected + 1n + BigInt(index) })));
  return {
    name: 'append_events',
    text: 'select request, last_revision, last_position, was_repeated, written_at from parley.append_events($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)',
    values: [
      careful,
      list(group, ({ stream }) => stream),
      list(group, ({ expected }) => expected),
      list(facts, ({ stream }) => stream),
      list(facts, ({ revision }) => revision),
      list(facts, ({ eventId }) => eventId),
      list(facts, ({ tenantId }) => tenantId),
      list(facts, ({ type }) => type),
      list(facts, ({ data }) => data),
      list(facts, ({ meta }) => meta),
    ],
  };
}

/** What the log holds of a group that was written as a whole, after `head`. */
export function storedFacts(group: readonly Append[], head: bigint, recordedAt: Date): readonly StoredFact[] {
  let position = head;
  return group.flatMap(({ stream, expected, facts }) =>
    facts.map(({ eventId, tenantId, type, data, meta }, index) => {
      position += 1n;
      return { eventId, tenantId, type, data, meta, position, stream, revision: expected + 1n + BigInt(index), recordedAt };
    }),
  );
}

/** The call that writes facts as another store recorded them. */
export const copyQuery = (facts: readonly StoredFact[]): QueryConfig => ({
  name: 'copy_events',
  text: 'select parley.copy_events($1, $2, $3, $4, $5, $6, $7, $8) as misplaced',
  values: [
    list(facts, ({ stream }) => stream),
    list(facts, ({ revision }) => revision),
    list(facts, ({ eventId }) => eventId),
    list(facts, ({ tenantId }) => tenantId),
    list(facts, ({ type }) => type),
    list(facts, ({ data }) => data),
    list(facts, ({ meta }) => meta),
    list(facts, ({ recordedAt }) => recordedAt.toISOString()),
  ],
});

const list = <Item>(items: readonly Item[], value: (item: Item) => string | bigint) => `{${items.map((item) => quoted(value(item))).join(',')}}`;
const quoted = (value: string | bigint) => (typeof value === 'bigint' ? value : `"${value.replace(/["\\]/g, '\\$&')}"`);
