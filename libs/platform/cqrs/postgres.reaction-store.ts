import type { Pool } from 'pg';
import { writeSideTable } from '../postgres/write-side-table.js';
import { type BlockedStream, type ParkedName, type ParkedReaction, ReactionStore, type ReactorCheckpoint, type Skip } from './reaction-store.js';

/** How far each reactor has read the log. */
export const reactorCheckpointsTable = writeSideTable({
  name: 'cqrs.reactor_checkpoints',
  tenant: false, // a lane carries many tenants
  columns: 'reactor text not null, lane integer not null, position bigint not null, store_id uuid not null, epoch integer not null, saved_at timestamptz not null default now()',
  primaryKey: ['reactor', 'lane'],
});

/** What was skipped stays, with who and why; it is parked no more. */
export const parkedReactionsTable = writeSideTable({
  name: 'cqrs.parked_reactions',
  tenant: true,
  columns: `reactor text not null, event_id uuid not null, stream text not null, position bigint not null, reason text not null, tries integer not null,
    parked_at timestamptz not null default now(), is_retry_wished boolean not null default false, skipped_at timestamptz, skipped_by text, skip_reason text`,
  primaryKey: ['reactor', 'event_id'],
  indexes: [{ name: 'parked_reactions_by_stream', on: '(reactor, stream, position) where skipped_at is null' }],
});

/** What reactors remember, in two tables. */
export class PostgresReactionStore extends ReactionStore {
  /** @param writer a pool of the writer's role */
  constructor(private readonly writer: Pool) {
    super();
  }

  async checkpoints(reactors: readonly string[], lane?: number): Promise<readonly ReactorCheckpoint[]> {
    const text = `select reactor, lane, position, store_id as "storeId", epoch from cqrs.reactor_checkpoints where reactor = any($1) and lane = coalesce($2, lane)`;
    return (await this.writer.query<ReactorCheckpoint>(text, [reactors, lane])).rows;
  }

  async save(checkpoints: readonly ReactorCheckpoint[]): Promise<void> {
    const column = <K extends keyof ReactorCheckpoint>(name: K) => checkpoints.map((each) => each[name]);
    const text = `
insert into cqrs.reactor_checkpoints as saved (reactor, lane, position, store_id, epoch)
select * from unnest($1::text[], $2::int[], $3::bigint[], $4::uuid[], $5::int[]) order by 1, 2
on conflict (reactor, lane) do update set position = excluded.position, store_id = excluded.store_id, epoch = excluded.epoch, saved_at = now()
where (saved.store_id, saved.epoch) is distinct from (excluded.store_id, excluded.epoch) or saved.position < excluded.position`;
    await this.writer.query({ name: 'save_reactor_checkpoints', text, values: [column('reactor'), column('lane'), column('position'), column('storeId'), column('epoch')] });
  }

  async park({ tenantId, reactor, eventId, stream, position, reason, tries }: ParkedReaction): Promise<void> {
    const text = `
with others as (
  update cqrs.parked_reactions set is_retry_wished = false
  where tenant_id = $1 and reactor = $2 and stream = $4 and event_id <> $3 and is_retry_wished and $7 > 0
)
insert into cqrs.parked_reactions as parked (tenant_id, reactor, event_id, stream, position, reason, tries) values ($1, $2, $3, $4, $5, $6, $7)
on conflict (tenant_id, reactor, event_id) do update set reason = excluded.reason, tries = parked.tries + excluded.tries, is_retry_wished = false
where excluded.tries > 0`;
    await this.writer.query(text, [tenantId, reactor, eventId, stream, position, reason, tries]);
  }

  async parked(reactors: readonly string[], stream?: string): Promise<readonly ParkedReaction[]> {
    const text = `
select tenant_id as "tenantId", reactor, event_id as "eventId", stream, position, reason, tries from cqrs.parked_reactions
where skipped_at is null and reactor = any($1) and ($2::text is null or stream = $2) order by position`;
    return (await this.writer.query<ParkedReaction>(text, [reactors, stream ?? null])).rows;
  }

  async unpark({ tenantId, reactor, eventId }: ParkedName): Promise<void> {
    const text = 'delete from cqrs.parked_reactions where tenant_id = $1 and reactor = $2 and event_id = $3 and skipped_at is null';
    await this.writer.query(text, [tenantId, reactor, eventId]);
  }

  async skip({ tenantId, reactor, eventId }: ParkedName, { actorId, reason, now }: Skip): Promise<boolean> {
    const text = `
with skipped as (
  update cqrs.parked_reactions set skipped_at = $4, skipped_by = $5, skip_reason = $6
  where tenant_id = $1 and reactor = $2 and event_id = $3 and skipped_at is null returning event_id, stream
), behind as (
  update cqrs.parked_reactions parked set is_retry_wished = true from skipped
  where parked.reactor = $2 and parked.stream = skipped.stream and parked.event_id <> skipped.event_id and parked.skipped_at is null
)
select 1 from skipped`;
    return (await this.writer.query(text, [tenantId, reactor, eventId, now, actorId, reason])).rowCount === 1;
  }

  async wishRetry(reactor: string, stream?: string): Promise<number> {
    const text = `
with wished as (
  update cqrs.parked_reactions set is_retry_wished = true
  where skipped_at is null and reactor = $1 and ($2::text is null or stream = $2) returning stream
)
select count(distinct stream)::int as streams from wished`;
    return (await this.writer.query<{ streams: number }>(text, [reactor, stream ?? null])).rows[0]!.streams;
  }

  async blocked(reactors: readonly string[]): Promise<readonly BlockedStream[]> {
    const text = `
select reactor, stream, bool_or(is_retry_wished) as "isWished" from cqrs.parked_reactions
where skipped_at is null and reactor = any($1) group by reactor, stream`;
    return (await this.writer.query<BlockedStream>(text, [reactors])).rows;
  }
}
