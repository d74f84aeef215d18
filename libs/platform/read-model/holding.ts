import type { Databases } from '../postgres/databases.js';

/** Where each table stands in each lane while it is held. */
export type Held = ReadonlyMap<string, readonly bigint[]>;

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
    for (const { table_name: table, lane, position } of rows) (held.get(table) ?? held.set(table, []).get(table)!)[lane] = position;
    const result = await work(held);
    await client.query('rollback');
    client.release();
    return result;
  } catch (error) {
    client.release(true); // closes the connection, which rolls back
    throw error;
  }
}
