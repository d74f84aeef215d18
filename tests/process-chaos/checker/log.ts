import type { Client } from 'pg';

/** A fact as the log has it, sealed. */
export interface LoggedFact {
  readonly position: bigint;
  readonly stream: string;
  readonly revision: bigint;
  readonly eventId: string;
  readonly tenantId: string;
  readonly type: string;
  /** JSON. */
  readonly data: string;
  /** JSON. */
  readonly meta: string;
  readonly recordedAt: Date;
}

export async function readLog(database: Client): Promise<readonly LoggedFact[]> {
  const { rows } = await database.query<Record<string, string>>(`
    select position::text, stream, revision::text, event_id::text, tenant_id::text, type, data, meta, (extract(epoch from recorded_at) * 1000)::bigint::text as recorded_ms
    from parley.events e order by e.position`);
  return rows.map((row) => ({
    position: BigInt(row['position']!),
    stream: row['stream']!,
    revision: BigInt(row['revision']!),
    eventId: row['event_id']!,
    tenantId: row['tenant_id']!,
    type: row['type']!,
    data: row['data']!,
    meta: row['meta']!,
    recordedAt: new Date(Number(row['recorded_ms'])),
  }));
}

/** What a fact says, where it is open; nothing, when it is no JSON. */
export const dataOf = ({ data }: Pick<LoggedFact, 'data'>) => parsed(data);

/** Whose it is and which command it comes from. */
export const metaOf = ({ meta }: Pick<LoggedFact, 'meta'>) => parsed(meta) as { readonly tenantId?: string; readonly commandId?: string };

function parsed(json: string): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(json) as Readonly<Record<string, unknown>>;
  } catch {
    return {};
  }
}

/** By something that they have in common, each in the order it came in. */
export const groupBy = <Item, Key>(items: readonly Item[], key: (item: Item) => Key): ReadonlyMap<Key, readonly Item[]> => Map.groupBy(items, key);

/** How a fact is named in a finding. */
export const named = ({ type, position, stream, revision }: Pick<LoggedFact, 'type' | 'position' | 'stream' | 'revision'>) => `${type} at ${position} (${stream} @${revision})`;
