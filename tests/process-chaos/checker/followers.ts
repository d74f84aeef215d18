import type { Client } from 'pg';

/** How far something that follows the log has come in one lane. */
export interface Place {
  /** A table that queries see, by the name of its read model, or another follower. */
  readonly follower: string;
  readonly kind: 'read model' | 'reactor' | 'relay' | 'audit chain';
  readonly lane: number;
  readonly position: bigint;
}

/** A fact that something could not take in. */
export interface Parked {
  readonly follower: string;
  readonly tenantId: string;
  readonly stream: string;
  readonly eventId: string;
  readonly position: bigint;
  readonly reason: string;
  /** Facts of the stream that wait behind it; of a reactor each is parked by itself. */
  readonly waiting: number;
}

/** What follows the log, how far, and what it left out. */
export interface Followers {
  readonly head: bigint;
  readonly places: readonly Place[];
  readonly parked: readonly Parked[];
}

/** Where each kind of them keeps its place; a Parley without a topic has no relay. */
const PLACES: Readonly<Record<string, string>> = {
  'parley.projection_checkpoints': `select m.name as follower, 'read model' as kind, c.lane, c.position::text from parley.read_models m join parley.projection_checkpoints c using (table_name)`,
  'cqrs.reactor_checkpoints': `select reactor, 'reactor', lane, position::text from cqrs.reactor_checkpoints`,
  'audit.chain_checkpoints': `select 'audit.links', 'audit chain', lane, position::text from audit.chain_checkpoints`,
  'parley.relays': `select topic, 'relay', 0, position::text from parley.relays`,
};

export async function readFollowers(database: Client): Promise<Followers> {
  const { rows: [log] } = await database.query<{ head: string }>('select coalesce(max(position), 0)::text as head from parley.events');
  const { rows: there } = await database.query<{ table: string }>('select t as "table" from unnest($1::text[]) t where to_regclass(t) is not null', [Object.keys(PLACES)]);
  const { rows: places } = await database.query<Omit<Place, 'position'> & { position: string }>(`${there.map(({ table }) => PLACES[table]).join(' union all ')} order by 2, 1, 3`);
  const { rows: parked } = await database.query<Omit<Parked, 'position'> & { position: string }>(`
    select m.name as follower, p.tenant_id::text as "tenantId", stream, event_id::text as "eventId", position::text, reason, waiting
    from parley.read_models m join parley.parked_facts p using (table_name)
    union all select reactor, tenant_id::text, stream, event_id::text, position::text, reason, 0 from cqrs.parked_reactions where skipped_at is null
    order by 4`);
  return {
    head: BigInt(log!.head),
    places: places.map(({ position, ...place }) => ({ ...place, position: BigInt(position) })),
    parked: parked.map(({ position, ...each }) => ({ ...each, position: BigInt(position) })),
  };
}
