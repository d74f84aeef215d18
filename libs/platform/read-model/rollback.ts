import { defineError } from '@parley/kernel/domain-error.js';
import type { PoolClient } from 'pg';
import type { Databases } from '../postgres/databases.js';
import { type Build, isOf, locked, readBuilds } from './builds.js';
import { serve, servedOf } from './publishing.js';
import { REBUILT } from './read-model.schema.js';
import type { Table } from './table.js';

export class NothingToGoBackTo extends defineError(
  'PROJECTION_NOTHING_TO_GO_BACK_TO',
  'conflict',
  'There is no earlier table of this projection.',
  'The table that was served before is kept until the next one takes over, or until its days are over.',
) {}

export class EarlierTableStale extends defineError(
  'PROJECTION_EARLIER_TABLE_STALE',
  'conflict',
  'The earlier table was made by another release and is behind the log.',
  'Start that release, which brings it up to date; or ask for it as it stands, with `stale`.',
) {}

/** A way back, gone or under way. */
export interface Rollback {
  readonly from: string;
  readonly to: string;
  /** How many facts the table to go back to lacked. */
  readonly behind: bigint;
  /** False: this release brings the table up to date first, and then it is served. */
  readonly isDone: boolean;
}

/**
 * Lets queries see the table again that they saw before. One of this release's own definition is brought up to date first; one of
 * another release is served as it stands: at once when it is as far as the log, else only on demand.
 *
 * @throws NothingToGoBackTo, EarlierTableStale
 */
export function rollback(databases: Databases, table: Table, { isStaleFine = false }: { readonly isStaleFine?: boolean } = {}): Promise<Rollback> {
  const { name } = table.projection;
  return locked(databases, async (client) => {
    const builds = await readBuilds(client, [name]);
    const served = await servedOf(client, name);
    const earlier = builds.filter(({ state }) => state === 'kept').sort((a, b) => Number(b.publishedAt) - Number(a.publishedAt))[0];
    if (!served || !earlier) throw new NothingToGoBackTo();
    const behind = await behindBy(client, earlier.table, served.table_name);
    if (isOf(earlier, table) && behind > 0n) {
      await client.query("update parley.read_model_builds set state = 'building' where table_name = $1", [earlier.table]);
      await client.query(`notify ${REBUILT}`);
      return { from: served.table_name, to: earlier.table, behind, isDone: false };
    }
    if (behind > 0n && !isStaleFine) throw new EarlierTableStale({ behind: Number(behind) });
    await serve(client, databases.roles, publishable(earlier, table), served.table_name, 'withdrawn');
    return { from: served.table_name, to: earlier.table, behind, isDone: true };
  });
}

const publishable = ({ table, suffix, version, shape }: Build, declared: Table) => ({ name: table, suffix, shape: shape ?? declared.shape, projection: { ...declared.projection, version } });

/** Locks both: neither moves before it is decided. */
async function behindBy(client: PoolClient, table: string, served: string): Promise<bigint> {
  const { rows } = await client.query<{ table_name: string; position: bigint }>(
    'select table_name, position from parley.projection_checkpoints where table_name = any($1) order by table_name, lane for update',
    [[table, served]],
  );
  const sum = (of: string) => rows.filter(({ table_name }) => table_name === of).reduce((all, { position }) => all + position, 0n);
  const behind = sum(served) - sum(table);
  return behind > 0n ? behind : 0n;
}
