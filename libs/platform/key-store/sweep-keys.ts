import { DatabaseError, type Client } from 'pg';
import { connectClient } from '../postgres/connect.js';

/** A checkpoint of a busy server takes its time. */
const PATIENCE_MS = 600_000;

/** What the sweep has come to. */
export interface Swept {
  /** All that was destroyed by then is gone, if `heldFiles` is 0. */
  readonly at: Date;
  /** Files of the write-ahead log from before that the server still keeps: for a replica, an archive, or `wal_keep_size`. */
  readonly heldFiles: number;
}

/** The owner of the database may not do what it takes. The table was written anew; the write-ahead log was not. */
export class SweepNotAllowed extends Error {
  constructor(owner: string, cause: Error) {
    super(`Keys that were destroyed are gone from their table; from the write-ahead log they are not: ${owner} may not switch it, and make checkpoints.`, { cause });
    this.name = 'SweepNotAllowed';
  }
}

/**
 * Removes from the server's files what they still hold of destroyed keys, though no query shows it: the rows as they were, and what the
 * write-ahead log has of them. Its files are used again, with the old bytes in them until they are written over: so each of them is.
 * Safe beside a Parley that runs, and to repeat; the table is locked for the moment that it takes to write it.
 *
 * @param ownerUrl as the database's owner
 * @throws SweepNotAllowed
 */
export async function sweepKeys(ownerUrl: string): Promise<Swept> {
  const client = await connectClient(ownerUrl, { timeoutMs: PATIENCE_MS });
  try {
    const { rows } = await client.query<{ at: Date; owner: string }>('select now() as at, current_user as owner');
    await client.query('vacuum (full) parley.person_keys');
    const heldFiles = await overwriteLog(client).catch((error: unknown) => {
      throw error instanceof DatabaseError && error.code === NOT_ALLOWED ? new SweepNotAllowed(rows[0]!.owner, error) : error;
    });
    return { at: rows[0]!.at, heldFiles };
  } finally {
    await client.end();
  }
}

const NOT_ALLOWED = '42501';

/** @returns how many files from before are kept all the same */
async function overwriteLog(client: Client): Promise<number> {
  const { rows } = await client.query<{ name: string }>('select pg_walfile_name(pg_current_wal_insert_lsn()) as name');
  // The first round has the files of now put by for use, behind those that wait already; the second uses them.
  for (let round = 1; round <= 2; round++) {
    for (let ahead = await filesThat(client, '>', CURRENT); ahead >= 0; ahead--) {
      await client.query("select pg_logical_emit_message(false, 'parley', 'sweep')"); // an empty file is not switched
      await client.query('select pg_switch_wal()'); // fills what is left of it with zeros
    }
    await client.query('checkpoint');
  }
  return filesThat(client, '<=', `'${rows[0]!.name}'`);
}

const CURRENT = 'pg_walfile_name(pg_current_wal_insert_lsn())';

async function filesThat(client: Client, are: '>' | '<=', than: string): Promise<number> {
  const { rows } = await client.query<{ count: number }>(`select count(*)::int as count from pg_ls_waldir() where name ~ '^[0-9A-F]{24}$' and name ${are} ${than}`);
  return rows[0]!.count;
}
