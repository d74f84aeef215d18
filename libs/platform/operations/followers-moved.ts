import type { Pool } from 'pg';
import type { EventStore, StoredFact, StoreIdentity } from '../event-store/event-store.js';

interface Kept {
  readonly reactor: string;
  readonly lane: number;
  readonly position: bigint;
  readonly storeId: string;
  readonly epoch: number;
}

/**
 * The places of reactors in a log, carried over to a copy of it: they go on after the same fact there, and react to nothing twice.
 * (Tables are not carried over: they are built anew from the copy.)
 */
export class FollowersMoved {
  private readonly places = new Map<Kept, bigint>();

  private constructor(private readonly writer: Pool, private readonly kept: readonly Kept[]) {
    for (const each of kept) this.places.set(each, 0n);
  }

  /** @param writer a pool of the writer's role. @param from the log that they follow now */
  static async of(writer: Pool, { storeId, epoch }: StoreIdentity): Promise<FollowersMoved> {
    const text = 'select reactor, lane, position, store_id as "storeId", epoch from cqrs.reactor_checkpoints where store_id = $1 and epoch = $2';
    const { rows } = (await isThere(writer, 'cqrs.reactor_checkpoints')) ? await writer.query<Kept>(text, [storeId, epoch]) : { rows: [] };
    return new FollowersMoved(writer, rows);
  }

  /**
   * The log itself was set back: who had come beyond its end goes on from there, the others from where they were. What waited for facts that are gone waits no more.
   *
   * @param head the last place of the log as it is now. @returns how many go on in the new epoch
   */
  static async setBack(writer: Pool, { storeId, epoch }: StoreIdentity, head: bigint, newEpoch: number): Promise<number> {
    if (!(await isThere(writer, 'cqrs.reactor_checkpoints'))) return 0;
    const text = 'update cqrs.reactor_checkpoints set position = least(position, $3), epoch = $4, saved_at = now() where store_id = $1 and epoch = $2';
    const { rowCount } = await writer.query(text, [storeId, epoch, head, newEpoch]);
    await writer.query('delete from cqrs.parked_reactions where position > $1', [head]);
    return rowCount!;
  }

  /** A fact and its copy, in the order of the log. */
  see(original: StoredFact, copy: StoredFact): void {
    for (const each of this.kept) if (original.position <= each.position) this.places.set(each, copy.position);
  }

  /** @returns how many go on in the copy */
  async move(to: EventStore): Promise<number> {
    const { storeId, epoch } = to.identity;
    const text = 'update cqrs.reactor_checkpoints set position = $3, store_id = $4, epoch = $5, saved_at = now() where reactor = $1 and lane = $2 and store_id = $6 and epoch = $7';
    for (const [each, position] of this.places) await this.writer.query(text, [each.reactor, each.lane, position, storeId, epoch, each.storeId, each.epoch]);
    await this.moveParked(to);
    return this.places.size;
  }

  /** Reactions that wait bear the place of their fact, too. */
  private async moveParked(to: EventStore): Promise<void> {
    if (!(await isThere(this.writer, 'cqrs.parked_reactions'))) return;
    const { rows } = await this.writer.query<{ tenantId: string; eventId: string; stream: string }>('select distinct tenant_id as "tenantId", event_id as "eventId", stream from cqrs.parked_reactions');
    for (const { tenantId, eventId, stream } of rows) {
      const fact = await to.find(stream, eventId);
      if (fact) await this.writer.query('update cqrs.parked_reactions set position = $3 where tenant_id = $1 and event_id = $2', [tenantId, eventId, fact.position]);
    }
  }
}

async function isThere(pool: Pool, table: string): Promise<boolean> {
  return (await pool.query<{ there: boolean }>('select to_regclass($1) is not null as there', [table])).rows[0]!.there;
}
