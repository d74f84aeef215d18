import type { Pool } from 'pg';
import { writeSideTable } from '../../postgres/write-side-table.js';
import { type StoreIdentity, StoreReplaced } from '../../event-store/event-store.js';
import { repartitioned } from './topic.js';

/** How far a topic was filled, and who fills it. */
export const relaysTable = writeSideTable({
  name: 'parley.relays',
  tenant: false, // a topic carries many tenants
  columns: `topic text not null, store_id uuid not null, epoch integer not null, position bigint not null, lanes bigint[] not null, ends bigint[] not null,
    holder uuid, fence bigint not null, expires_at timestamptz not null, saved_at timestamptz not null default clock_timestamp()`,
  primaryKey: ['topic'],
});

/** How far the topic was filled. */
export interface Filled {
  /** Every fact up to here is acknowledged by Kafka. Never goes back. */
  readonly position: bigint;
  /** The last fact of each lane. */
  readonly lanes: readonly bigint[];
  /** The offset after the last record of each lane. */
  readonly ends: readonly bigint[];
}

export interface RelayLease extends Filled {
  /** Raised with each taking: who has an older one is no longer the relay. */
  readonly fence: bigint;
}

/** The lease of the one relay of a topic, and its checkpoint beside it. A lease ends by the database's clock. */
export class RelayLeases {
  private readonly holder = crypto.randomUUID();

  /** @param writer a pool of the writer's role */
  constructor(private readonly writer: Pool, private readonly topic: string, private readonly identity: StoreIdentity, private readonly lanes: number, readonly lifeMs: number) {}

  /** @returns undefined while another has it. @throws StoreReplaced, TopicUnusable */
  async take(): Promise<RelayLease | undefined> {
    const { storeId, epoch } = this.identity;
    const zeros = Array.from({ length: this.lanes }, () => 0);
    await this.writer.query(
      `insert into parley.relays (topic, store_id, epoch, position, lanes, ends, fence, expires_at) values ($1, $2, $3, 0, $4, $4, 0, '-infinity') on conflict do nothing`,
      [this.topic, storeId, epoch, zeros],
    );
    const { rows } = await this.writer.query<RelayLease & StoreIdentity>(
      `update parley.relays set holder = $2, fence = fence + 1, expires_at = clock_timestamp() + $3 * interval '1 ms'
       where topic = $1 and (expires_at < clock_timestamp() or holder = $2)
       returning position, lanes::text[], ends::text[], fence, store_id as "storeId", epoch`,
      [this.topic, this.holder, this.lifeMs],
    );
    const [row] = rows;
    if (!row) return undefined;
    if (row.storeId !== storeId || row.epoch !== epoch) {
      throw new StoreReplaced(`Kafka's topic ${this.topic} was filled from ${row.storeId} (epoch ${row.epoch}), the event store is ${storeId} (epoch ${epoch}); name another topic in PARLEY_EVENT_LOG_URL`);
    }
    if (row.lanes.length !== this.lanes) throw repartitioned(this.topic, this.lanes, row.lanes.length);
    return { position: row.position, fence: row.fence, lanes: row.lanes.map(BigInt), ends: row.ends.map(BigInt) };
  }

  /** Keeps the lease and saves how far we are. @returns false when another has taken it */
  async keep({ fence }: RelayLease, { position, lanes, ends }: Filled): Promise<boolean> {
    const text = `
update parley.relays set position = $3, lanes = $4, ends = $5, saved_at = clock_timestamp(), expires_at = clock_timestamp() + $6 * interval '1 ms'
where topic = $1 and fence = $2 and position <= $3`;
    const { rowCount } = await this.writer.query({ name: 'keep_relay', text, values: [this.topic, fence, position, lanes, ends, this.lifeMs] });
    return rowCount === 1;
  }

  /** Lets another have it at once. */
  async release({ fence }: RelayLease): Promise<void> {
    await this.writer.query(`update parley.relays set expires_at = '-infinity', holder = null where topic = $1 and fence = $2`, [this.topic, fence]);
  }
}
