import type { Databases } from '../postgres/databases.js';

/** How far a table has come, by lane. */
export type Stand = readonly bigint[];

export const lowest = (stand: Stand): bigint => stand.reduce((low, each) => (each < low ? each : low));
export const highest = (stand: Stand): bigint => stand.reduce((high, each) => (each > high ? each : high));

/** Where each table stands while it is held. */
export type Held = ReadonlyMap<string, Stand>;

/**
 * Holds tables where they are for as long as the work takes: projectors wait before their next commit, queries do not. Keep it short.
 */
export async function hold<Result>({ projector }: Databases, tables: readonly string[], work: (held: Held) => Promise<Result>): Promise<Result> {
  const client = await projector.connect();
  try {
    await client.query('begin');
    const { rows } = await client.query<{ table_name: string; lane: number; position: bigint }>(
      'select table_name, lane, position from parley.projection_checkpoints where table_name = any($1) order by table_name, lane for update',
      [tables],
    );
    const held = new Map<string, bigint[]>();
    for (const { table_name, lane, position } of rows) held.set(table_name, Object.assign(held.get(table_name) ?? [], { [lane]: position }));
    const result = await work(held);
    await client.query('rollback');
    client.release();
    return result;
  } catch (error) {
    client.release(true); // closes the connection, which rolls back
    throw error;
  }
}
