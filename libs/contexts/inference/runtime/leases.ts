import { Databases } from '@parley/platform/postgres/databases.js';
import { Injectable } from '@nestjs/common';

/** Which generation. */
export interface GenerationKey {
  readonly tenantId: string;
  readonly replyId: string;
}

/** The right to work on a generation, for as long as it is renewed. `fence` tells it from earlier and later ones. */
export interface Lease extends GenerationKey {
  readonly fence: bigint;
}

/** A lease whose holder has died, now ours, with how far that one had got. */
export interface TakenLease extends Lease {
  readonly promptCharacters: number;
  readonly textCharacters: number;
}

/** How far the holder has got. */
export interface Progress {
  readonly promptCharacters: number;
  readonly textCharacters: number;
}

export interface LeaseOptions {
  /** Unique to this process and start. */
  readonly workerId: string;
  /** How long a lease lasts unless it is renewed. */
  readonly leaseMs: number;
}

// Leases are not flushed to disk at commit: losing the last of them harms nothing, for the log decides who settles. A worker that died
// with them begins again at a checkpoint that stands before them, for Postgres loses no commit without losing every later one; one that
// lives misses those it holds, and makes them anew. Of those that wait for room nobody would miss one: they are flushed.
const UNFLUSHED = "unflushed as materialized (select set_config('synchronous_commit', 'off', true))";
// Two statements that lock the same rows, each in an order of its own, may wait for each other: whoever locks several does it by reply.
const IN_ORDER = 'order by leases.reply_id for update of leases';
const life = (parameter: string) => `now() + ${parameter} * interval '1 millisecond'`;

/** The table of leases. Its clock is the database's: workers need not agree on the time. */
@Injectable()
export class Leases {
  constructor(private readonly databases: Databases) {}

  /**
   * Makes leases for generations that nobody has yet.
   *
   * @param held how many of them, from the first, this worker takes at once; the others wait for a worker that has room
   * @returns those that are ours now
   */
  async make(generations: readonly GenerationKey[], held: number, { workerId, leaseMs }: LeaseOptions): Promise<Lease[]> {
    const { rows } = await this.databases.writer.query<Lease>({
      name: 'leases-make',
      text: `with unflushed as materialized (select set_config('synchronous_commit', case when $3 < cardinality($1::uuid[]) then 'on' else 'off' end, true)), made as (
          insert into inference.leases (tenant_id, reply_id, worker_id, fence, expires_at)
          select tenant_id, reply_id, case when n <= $3 then $4 end, case when n <= $3 then 1 else 0 end, case when n <= $3 then ${life('$5')} else now() end
          from unflushed, unnest($1::uuid[], $2::uuid[]) with ordinality as started (tenant_id, reply_id, n)
          order by reply_id
          on conflict do nothing
          returning tenant_id, reply_id, worker_id, fence)
        select tenant_id as "tenantId", reply_id as "replyId", fence from made where worker_id is not null`,
      values: [...columns(generations), held, workerId, leaseMs],
    });
    return rows;
  }

  /** Takes leases that have run out, oldest first. @param except generations that are under way here, whatever the table says */
  async take(limit: number, except: readonly GenerationKey[], { workerId, leaseMs }: LeaseOptions): Promise<TakenLease[]> {
    const { rows } = await this.databases.writer.query<TakenLease>({
      name: 'leases-take',
      text: `with ${UNFLUSHED}, dead as (
          select tenant_id, reply_id from inference.leases
          where expires_at < now() and not exists (select from unnest($2::uuid[], $3::uuid[]) as own (tenant_id, reply_id)
            where own.tenant_id = leases.tenant_id and own.reply_id = leases.reply_id)
          order by expires_at limit $1 for update skip locked)
        update inference.leases set worker_id = $4, fence = fence + 1, expires_at = ${life('$5')}
        from dead, unflushed where leases.tenant_id = dead.tenant_id and leases.reply_id = dead.reply_id
        returning leases.tenant_id as "tenantId", leases.reply_id as "replyId", fence,
          prompt_characters as "promptCharacters", text_characters as "textCharacters"`,
      values: [limit, ...columns(except), workerId, leaseMs],
    });
    return rows;
  }

  /**
   * Renews what this worker has under way, all in one statement, and leaves word of how far it is.
   *
   * @returns the leases that are still ours, and whether someone wants them stopped. One that is missing was lost.
   */
  async renew(leases: readonly (Lease & Progress)[], { workerId, leaseMs }: LeaseOptions): Promise<(Lease & { readonly isStopRequested: boolean })[]> {
    const { rows } = await this.databases.writer.query<Lease & { isStopRequested: boolean }>({
      name: 'leases-renew',
      text: `with ${UNFLUSHED}, own as (
          select tenant_id, reply_id, prompt, text from inference.leases
          join unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::int[], $5::int[]) as held (tenant_id, reply_id, fence, prompt, text) using (tenant_id, reply_id, fence)
          where worker_id = $6 ${IN_ORDER})
        update inference.leases set expires_at = ${life('$7')}, prompt_characters = own.prompt, text_characters = own.text
        from own, unflushed where leases.tenant_id = own.tenant_id and leases.reply_id = own.reply_id
        returning leases.tenant_id as "tenantId", leases.reply_id as "replyId", leases.fence, is_stop_requested as "isStopRequested"`,
      values: [
        ...columns(leases),
        leases.map(({ fence }) => fence),
        leases.map(({ promptCharacters }) => promptCharacters),
        leases.map(({ textCharacters }) => textCharacters),
        workerId,
        leaseMs,
      ],
    });
    return rows;
  }

  /** Tells the holders, wherever they are, that someone wants these stopped. */
  async requestStops(generations: readonly GenerationKey[]): Promise<void> {
    await this.databases.writer.query({
      name: 'leases-request-stops',
      text: `with stopped as (
          select tenant_id, reply_id from inference.leases join unnest($1::uuid[], $2::uuid[]) as wanted (tenant_id, reply_id) using (tenant_id, reply_id) ${IN_ORDER})
        update inference.leases set is_stop_requested = true from stopped
        where leases.tenant_id = stopped.tenant_id and leases.reply_id = stopped.reply_id`,
      values: columns(generations),
    });
  }

  /** The generation is settled. Nothing happens when the lease is another's by now. */
  async end({ tenantId, replyId, fence }: Lease): Promise<void> {
    await this.databases.writer.query({
      name: 'leases-end',
      text: `with ${UNFLUSHED} delete from inference.leases using unflushed where tenant_id = $1 and reply_id = $2 and fence = $3`,
      values: [tenantId, replyId, fence],
    });
  }

  /** Gives up what this worker still has: any worker may take it at once. */
  async release({ workerId }: Pick<LeaseOptions, 'workerId'>): Promise<void> {
    await this.databases.writer.query(
      `with own as (select tenant_id, reply_id from inference.leases where worker_id = $1 ${IN_ORDER})
        update inference.leases set expires_at = now() from own where leases.tenant_id = own.tenant_id and leases.reply_id = own.reply_id`,
      [workerId],
    );
  }
}

const columns = (keys: readonly GenerationKey[]) => [keys.map(({ tenantId }) => tenantId), keys.map(({ replyId }) => replyId)];
