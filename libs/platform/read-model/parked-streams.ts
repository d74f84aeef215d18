import type { TenantKeyed } from '@parley/kernel/projection.js';
import type { PoolClient } from 'pg';
import type { EventStore, StoredFact, StoreIdentity } from '../event-store/event-store.js';
import type { Codec } from '../personal-data/codec.js';
import type { Databases } from '../postgres/databases.js';
import { advance, readCheckpoints } from './checkpoints.js';
import { isDataError, reasonOf } from './database-errors.js';
import { decodingFor } from './decoding.js';
import { Folding, needed, type Poison, type Step, stepsOf } from './fold.js';
import { lockParked, park, unpark } from './parked-facts.js';
import type { ParkedFact } from './projector.js';
import type { Skip } from './skips.js';
import { PROJECTED } from './read-model.schema.js';
import { loadRows, writesOf } from './table-access.js';
import type { Table } from './table.js';

/** Facts of a stream in one step. */
const PAGE = 200;

/** Which stream, and which fact it waits for. */
type Asked = Pick<ParkedFact, 'tenantId' | 'stream' | 'eventId'>;

/** How far a stream got. */
interface Progress {
  /** Facts that were taken in. */
  readonly taken: number;
  /** What stopped it again. */
  readonly poison?: Poison;
}

/**
 * Takes a parked stream up again where it stopped, up to where its table has come: in one transaction, which holds the projector back
 * for as long as it takes.
 */
export class ParkedStreams {
  constructor(
    private readonly databases: Databases,
    private readonly store: Pick<EventStore, 'read' | 'identity'>,
    private readonly codec: Pick<Codec, 'decode'>,
  ) {}

  /** @returns whether the stream goes on; when not, it waits again, maybe for a later fact */
  retry(table: Table, parked: ParkedFact): Promise<boolean> {
    return this.resume(table, parked, 0n);
  }

  /** Goes on behind the fact, if it is this one that the stream waits for. @returns whether the stream goes on; when not, a later fact stopped it */
  skip(table: Table, skip: Skip): Promise<boolean> {
    return this.resume(table, skip, 1n);
  }

  /** @param past how many facts to leave out */
  private async resume(table: Table, asked: Asked, past: 0n | 1n): Promise<boolean> {
    const client = await this.databases.projector.connect();
    try {
      await client.query('begin');
      const goesOn = await this.resumeLocked(client, table, asked, past);
      await client.query(`notify ${PROJECTED}`);
      await client.query('commit');
      client.release();
      return goesOn;
    } catch (error) {
      client.release(true); // closes the connection, which rolls back
      throw error;
    }
  }

  private async resumeLocked(client: PoolClient, table: Table, asked: Asked, past: bigint): Promise<boolean> {
    // The checkpoint first, as projectors do: else each could wait for the other.
    const here: StoreIdentity = this.store.identity;
    const locked = await lockWithCheckpoint(client, table, asked, here);
    if (!locked) return true; // someone else mended it
    const { parked, position } = locked;
    const from = parked.revision + past;
    if (parked.eventId !== asked.eventId) return false; // it waits for another fact by now

    const { taken, poison } = await this.takeUp(client, table, asked.stream, { from, through: position });
    if (poison) {
      const [before, again] = [from === parked.revision ? parked.waiting + 1 : parked.waiting, poison.place.eventId === parked.eventId];
      await client.query(park(table.name, parked.lane, poison, again ? parked.tries + 1 : 1, before - taken - 1));
    } else {
      await client.query(unpark({ ...asked, table: table.name }));
    }
    await client.query(advance([table.name], parked.lane, 0n)); // who remembers rows of this table must forget them
    return !poison;
  }

  private async takeUp(client: PoolClient, table: Table, stream: string, { from, through }: { from: bigint; through: bigint }): Promise<Progress> {
    const decode = decodingFor(this.codec, [table.projection]);
    let taken = 0;
    for (let limit = PAGE; ; ) {
      const page = (await this.store.read(stream, { from, limit })).filter(({ position }) => position <= through);
      if (page.length === 0) return { taken };
      const steps = stepsOf(table.projection, await decode(page), 0n);
      const progress = await write(client, table, steps, page);
      if (!progress) {
        limit = page.length >> 1; // the database does not take one of these: find out which
        continue;
      }
      taken += progress.taken;
      if (progress.poison) return { taken, poison: progress.poison };
      from = page.at(-1)!.revision + 1n;
      limit = PAGE;
    }
  }
}

async function lockWithCheckpoint(client: PoolClient, table: Table, asked: Asked, here: StoreIdentity) {
  const { rows } = await client.query<{ lane: number }>({
    text: 'select lane from parley.parked_facts where tenant_id = $1 and table_name = $2 and stream = $3',
    values: [asked.tenantId, table.name, asked.stream],
  });
  if (!rows[0]) return undefined;
  const checkpoints = await readCheckpoints(client, { tables: [table.name], lane: rows[0].lane, here, lock: true });
  const parked = await lockParked(client, { ...asked, table: table.name });
  return parked && { parked, position: checkpoints.get(table.name)!.position };
}

/** @returns undefined when the database does not take one of several facts: nothing was written */
async function write(client: PoolClient, table: Table, steps: readonly Step[], page: readonly StoredFact[]): Promise<Progress | undefined> {
  await client.query('savepoint page');
  try {
    const keys = needed(table.projection, steps);
    const rows = keys.size > 0 ? await loadRows(client, table, keys) : new Map<string, TenantKeyed>();
    const folded = new Folding((id) => rows.get(id), new Set()).take(steps);
    for (const statement of writesOf(table, folded)) await client.query(statement);
    const [poison, waiting] = [[...folded.poison.values()][0], [...folded.waiting.values()][0]?.count ?? 0];
    return { taken: steps.length - waiting - (poison ? 1 : 0), poison };
  } catch (error) {
    if (!isDataError(error)) throw error;
    await client.query('rollback to savepoint page');
    return page.length > 1 ? undefined : { taken: 0, poison: { place: placeOfStored(page[0]!), reason: reasonOf(error) } };
  }
}

const placeOfStored = ({ eventId, tenantId, type, stream, position, revision }: StoredFact) => ({ eventId, tenantId, type, stream, position, revision });
