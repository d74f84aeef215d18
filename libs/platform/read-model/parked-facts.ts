import type { QueryConfig } from 'pg';
import type { Folded, Poison, Waiting } from './fold.js';
import type { ParkedFact } from './projector.js';
import type { Queries } from './table-access.js';
import type { Table } from './table.js';

const COLUMNS = `table_name as "table", tenant_id as "tenantId", stream, revision, position, event_id as "eventId", type, reason, tries, waiting`;

/** Streams that wait, by table. */
export async function parkedStreams(database: Queries, tables: readonly string[], lane: number): Promise<ReadonlyMap<string, Set<string>>> {
  const { rows } = await database.query<{ table: string; stream: string }>({
    text: 'select table_name as "table", stream from parley.parked_facts where table_name = any($1) and lane = $2',
    values: [tables, lane],
  });
  const streams = new Map(tables.map((table) => [table, new Set<string>()]));
  for (const { table, stream } of rows) streams.get(table)!.add(stream);
  return streams;
}

/** What the given tables wait for, in the order of the log. */
export async function parkedFacts(database: Queries, tables: readonly Table[]): Promise<readonly ParkedFact[]> {
  const projections = new Map(tables.map(({ name, projection }) => [name, projection.name]));
  const { rows } = await database.query<Omit<ParkedFact, 'projection'>>({
    text: `select ${COLUMNS} from parley.parked_facts where table_name = any($1) order by position, table_name`,
    values: [[...projections.keys()]],
  });
  return rows.map((row) => ({ ...row, projection: projections.get(row.table)! }));
}

/** What one table waits for in one stream; locked until the end of the transaction. */
export async function lockParked(database: Queries, { tenantId, table, stream }: Pick<ParkedFact, 'tenantId' | 'table' | 'stream'>): Promise<(Omit<ParkedFact, 'projection'> & { readonly lane: number }) | undefined> {
  const { rows } = await database.query<Omit<ParkedFact, 'projection'> & { lane: number }>({
    text: `select ${COLUMNS}, lane from parley.parked_facts where tenant_id = $1 and table_name = $2 and stream = $3 for update`,
    values: [tenantId, table, stream],
  });
  return rows[0];
}

export const park = (table: string, lane: number, { place, reason }: Poison, tries: number, waiting: number): QueryConfig => ({
  name: 'park',
  text: `insert into parley.parked_facts (tenant_id, table_name, stream, lane, event_id, type, position, revision, reason, tries, waiting)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
    on conflict (tenant_id, table_name, stream) do update set event_id = excluded.event_id, type = excluded.type, position = excluded.position,
      revision = excluded.revision, reason = excluded.reason, tries = excluded.tries, waiting = excluded.waiting`,
  values: [place.tenantId, table, place.stream, lane, place.eventId, place.type, String(place.position), String(place.revision), reason, tries, waiting],
});

const wait = (table: string, stream: string, { tenantId, count }: Waiting): QueryConfig => ({
  name: 'wait behind parked',
  text: 'update parley.parked_facts set waiting = waiting + $4 where tenant_id = $1 and table_name = $2 and stream = $3',
  values: [tenantId, table, stream, count],
});

export const unpark = ({ tenantId, table, stream }: Pick<ParkedFact, 'tenantId' | 'table' | 'stream'>): QueryConfig => ({
  text: 'delete from parley.parked_facts where tenant_id = $1 and table_name = $2 and stream = $3',
  values: [tenantId, table, stream],
});

/** What tables waited for that are gone, or are being built anew. */
export const forgetOrphans = (database: Queries) =>
  database.query({
    text: `delete from parley.parked_facts p where not exists (
      select from parley.projection_checkpoints c where c.table_name = p.table_name and c.lane = p.lane and c.changes > 0)`,
  });

/** Statements that park what stopped a fold, and count what waits behind what was stopped before. */
export function parkingOf(table: string, lane: number, { poison, waiting }: Pick<Folded, 'poison' | 'waiting'>): readonly QueryConfig[] {
  return [
    ...[...poison.values()].map((each) => park(table, lane, each, 1, 0)),
    ...[...waiting].map(([stream, each]) => wait(table, stream, each)),
  ];
}
