import type { Pool } from 'pg';
import { writeSideTable } from '../postgres/write-side-table.js';
import { IDEMPOTENCY_KEY_LIFE_MS, IdempotencyKeys, type KeyUse } from './idempotency-keys.js';

/** What a client's key stood for, as a keyed fingerprint, for seven days. */
export const idempotencyKeysTable = writeSideTable({
  name: 'cqrs.idempotency_keys',
  tenant: true,
  columns: 'command_id text not null, fingerprint text not null, actor_id text not null, expires_at timestamptz not null',
  primaryKey: ['command_id'],
  indexes: [{ name: 'idempotency_keys_by_expiry', on: '(expires_at)' }],
});

/** Keys in a table. One statement, so that of two uses at once one is first, and both are told which. */
export class PostgresIdempotencyKeys extends IdempotencyKeys {
  /** @param writer a pool of the writer's role */
  constructor(private readonly writer: Pool) {
    super();
  }

  async bind({ tenantId, commandId, actorId, fingerprint, now }: KeyUse): Promise<string> {
    // Its commit does not wait for the disk. The append that follows does, and what was written before reaches the disk before.
    const text = `
with quick as (select set_config('synchronous_commit', 'off', true))
insert into cqrs.idempotency_keys as held (tenant_id, command_id, fingerprint, actor_id, expires_at)
select $1::uuid, $2::text, $3::text, $4::text, $6::timestamptz from quick
on conflict (tenant_id, command_id) do update set
  fingerprint = case when held.expires_at <= $5 then excluded.fingerprint else held.fingerprint end,
  actor_id = case when held.expires_at <= $5 then excluded.actor_id else held.actor_id end,
  expires_at = case when held.expires_at <= $5 then excluded.expires_at else held.expires_at end
returning fingerprint`;
    const values = [tenantId, commandId, fingerprint, actorId, now, new Date(now.getTime() + IDEMPOTENCY_KEY_LIFE_MS)];
    const { rows } = await this.writer.query<{ fingerprint: string }>({ name: 'bind_idempotency_key', text, values });
    return rows[0]!.fingerprint;
  }

  async forget({ tenantId, actorId }: Pick<KeyUse, 'tenantId' | 'actorId'>): Promise<void> {
    await this.writer.query('delete from cqrs.idempotency_keys where tenant_id = $1 and actor_id = $2', [tenantId, actorId]);
  }

  async sweep(now: Date): Promise<number> {
    const { rowCount } = await this.writer.query('delete from cqrs.idempotency_keys where expires_at <= $1', [now]);
    return rowCount ?? 0;
  }
}
