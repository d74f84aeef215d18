import type { Pool } from 'pg';
import type { StoreIdentity } from '../event-store/event-store.js';
import type { Queries } from './table-access.js';

/** How far a table came in a lane. */
export interface Checkpoint {
  readonly tableName: string;
  readonly position: bigint;
  readonly changes: bigint;
  readonly storeId: string;
  readonly epoch: number;
}

/** The table was filled from another log: to go on would mix two histories. */
export class ForeignCheckpoint extends Error {
  constructor({ tableName, storeId, epoch, position }: Checkpoint, here: StoreIdentity) {
    super(
      `${tableName} was filled up to position ${position} from event store ${storeId}, epoch ${epoch}; this is ${here.storeId}, epoch ${here.epoch}. ` +
        `Have it built anew: npx parley projections rebuild.`,
    );
    this.name = 'ForeignCheckpoint';
  }
}

/** The log ends before what the table has taken in: it was set back, and nobody said so by a new epoch. */
export class CheckpointAheadOfLog extends Error {
  constructor({ tableName, position }: Checkpoint, head: bigint) {
    super(
      `${tableName} was filled up to position ${position}, but the log ends at ${head}: the event store was set back. ` +
        `Have it built anew: npx parley projections rebuild.`,
    );
    this.name = 'CheckpointAheadOfLog';
  }
}

export class CheckpointGone extends Error {
  constructor(tables: readonly string[]) {
    super(`a checkpoint is gone: there should be ${tables.join(', ')}`);
    this.name = 'CheckpointGone';
  }
}

const COLUMNS = 'table_name as "tableName", position, changes, store_id as "storeId", epoch';

/** The checkpoints of the tables in a lane, by table. Locked, they stay as they are until the end of the transaction. */
export async function readCheckpoints(
  database: Queries,
  { tables, lane, here, lock = false }: { tables: readonly string[]; lane: number; here: StoreIdentity; lock?: boolean },
): Promise<ReadonlyMap<string, Checkpoint>> {
  const { rows } = await database.query<Checkpoint>({
    name: lock ? 'lock checkpoints' : 'read checkpoints',
    // In one order, so that two projectors wait for each other and never both.
    text: `select ${COLUMNS} from parley.projection_checkpoints where table_name = any($1) and lane = $2 order by table_name ${lock ? 'for update' : ''}`,
    values: [tables, lane],
  });
  if (rows.length < tables.length) throw new CheckpointGone(tables);
  for (const each of rows) if (each.storeId !== here.storeId || each.epoch !== here.epoch) throw new ForeignCheckpoint(each, here);
  return new Map(rows.map((each) => [each.tableName, each]));
}

/** A lane that comes later begins at the beginning, in every table that has begun at all. */
export async function openLane(database: Queries, tables: readonly string[], lane: number): Promise<void> {
  if (lane === 0) return; // made with its table
  const text = `insert into parley.projection_checkpoints (table_name, lane, position, store_id, epoch)
    select table_name, $2, 0, store_id, epoch from parley.projection_checkpoints where table_name = any($1) and lane = 0 on conflict do nothing`;
  await database.query({ text, values: [tables, lane] });
}

/** The log has another number of lanes than the table was filled by, and the lanes have come differently far. */
export class LanesDiffer extends Error {
  constructor({ tableName, had, has, low, high }: { tableName: string; had: number; has: number; low: bigint; high: bigint }) {
    super(
      `${tableName} was filled by a log of ${had} lanes, which have come to positions ${low} to ${high}; this one has ${has}. ` +
        `Let it come to the end with PARLEY_EVENT_LOG_URL and PARLEY_EVENT_LOG_PARTITIONS as they were, or have it built anew: npx parley projections rebuild.`,
    );
    this.name = 'LanesDiffer';
  }
}

/**
 * Lays out the checkpoints of tables over the lanes of the log: all lanes of a table are there, so that the lowest of them says how far it
 * has come. A table moves to another number of lanes where all of its own stand at one position.
 *
 * @throws LanesDiffer
 */
export async function openLanes(database: Pool, tables: readonly string[], lanes: number): Promise<void> {
  const client = await database.connect();
  try {
    await client.query('begin');
    const { rows } = await client.query<{ tableName: string; had: number; low: bigint; high: bigint }>({
      text: `with held as (select * from parley.projection_checkpoints where table_name = any($1) order by table_name, lane for update)
        select table_name as "tableName", count(*)::int as had, min(position) as low, max(position) as high from held group by table_name having count(*) <> $2`,
      values: [tables, lanes],
    });
    for (const row of rows) {
      if (row.low !== row.high) throw new LanesDiffer({ ...row, has: lanes });
      await client.query('delete from parley.projection_checkpoints where table_name = $1 and lane >= $2', [row.tableName, lanes]);
      const text = `insert into parley.projection_checkpoints (table_name, lane, position, store_id, epoch)
        select table_name, each, position, store_id, epoch from parley.projection_checkpoints, generate_series(1, $2 - 1) each
        where table_name = $1 and lane = 0 on conflict do nothing`;
      await client.query(text, [row.tableName, lanes]);
    }
    await client.query('commit');
  } catch (error) {
    await client.query('rollback').catch(() => undefined);
    throw error;
  } finally {
    client.release();
  }
}

/** How far tables have come in all of their lanes, the one that is furthest behind and the one that is furthest. */
export async function rangeOf(database: Queries, tables: readonly string[]): Promise<{ readonly low: Checkpoint; readonly high: Checkpoint } | undefined> {
  const { rows } = await database.query<Checkpoint>({
    name: 'range of checkpoints',
    text: `select ${COLUMNS} from parley.projection_checkpoints where table_name = any($1) order by position`,
    values: [tables],
  });
  return rows.length > 0 ? { low: rows[0]!, high: rows.at(-1)! } : undefined;
}

export const advance = (tables: readonly string[], lane: number, through: bigint) => ({
  name: 'advance checkpoints',
  text: 'update parley.projection_checkpoints set position = greatest(position, $3), changes = changes + 1 where table_name = any($1) and lane = $2',
  values: [tables, lane, String(through)],
});

/** DDL: a table without a checkpoint is new, or someone wants it built anew. @param rollups tables that are emptied with it */
export const beginCheckpoint = (table: string, { storeId, epoch }: StoreIdentity, rollups: readonly string[] = []) => `
do $begin$ begin
  insert into parley.projection_checkpoints (table_name, lane, position, store_id, epoch) values ('${table}', 0, 0, '${storeId}', ${epoch}) on conflict do nothing;
  if not found then return; end if;
  delete from parley.projection_checkpoints where table_name = '${table}' and lane <> 0;
  truncate ${[table, ...rollups].join(', ')};
end $begin$;`;
