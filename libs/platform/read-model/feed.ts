import type { Projection } from '@parley/kernel/projection.js';
import type { Delivery, EventLog } from '../event-log/event-log.js';
import type { StoredFact } from '../event-store/event-store.js';
import type { Codec } from '../personal-data/codec.js';
import { Undecodable } from '../personal-data/undecodable.js';
import { ahead } from '../running/ahead.js';
import { tracedSince } from '../telemetry/tracing.js';
import { decodingFor } from './decoding.js';
import type { ParkedStreams } from './parked-streams.js';
import type { PostgresProjector } from './postgres.projector.js';
import type { Readable } from './readable.js';
import { atSkips } from './skips.js';

/** Most facts in one transaction, and most text: what a batch may take of the process's memory. */
export const MAX_FACTS = 2_000;
const MAX_TEXT = 4_000_000;

export interface Feeding {
  readonly log: EventLog;
  readonly codec: Pick<Codec, 'decode'>;
  readonly projector: PostgresProjector;
  /** Lets what is parked go on where the log says so. */
  readonly streams: Pick<ParkedStreams, 'skip'>;
  readonly projections: readonly Projection[];
  /** Most facts in one transaction. A large batch is quick, and keeps others of the process waiting while it is decoded. */
  readonly limit?: number;
  /** Who follows the log. */
  readonly name: string;
  readonly signal: AbortSignal;
  /** Called at the start and after each batch. */
  readonly taken: () => Promise<void>;
}

/**
 * Feeds the log to a projector until aborted.
 *
 * @throws CheckpointAheadOfLog, and whatever the log or the database throws: begin again from the checkpoint
 */
export async function feed({ log, codec, projector, streams, projections, limit = MAX_FACTS, name, signal, taken }: Feeding): Promise<void> {
  await projector.checkAgainst(await log.head());
  await taken();
  const own = new AbortController();
  const after = (lane: number) => projector.checkpoint(lane);
  const deliveries = log.follow({ name, after, limit, signal: AbortSignal.any([signal, own.signal]) });
  try {
    await takeIn(deliveries, { codec, projector, streams, projections, taken });
  } finally {
    own.abort(); // the log may be waiting for news, for the sake of a batch that nobody wants any more
  }
}

/** Takes deliveries in, to their end: while Postgres takes in one, the next is read and decoded. */
export async function takeIn(
  deliveries: AsyncGenerator<Delivery>,
  { codec, projector, streams, projections, taken }: Pick<Feeding, 'codec' | 'projector' | 'streams' | 'projections' | 'taken'>,
): Promise<void> {
  for await (const { lane, facts, through } of ahead(batches(deliveries, decodingFor(codec, projections, projector.slices)))) {
    for (const { facts: some, through: end, skip } of atSkips(facts, through, projections)) {
      const startedAt = Date.now();
      if (some.length > 0 || end !== undefined) await projector.apply(some, { lane, ...(end !== undefined && { through: end }) });
      tell(some, startedAt);
      if (skip) for (const table of projector.tables) if (table.projection.name === skip.projection) await streams.skip(table, skip);
    }
    await taken();
  }
}

/** How old a fact may be whose trace goes on: a table that is built anew would tell of traces long gone. */
const TRACED_MS = 600_000;

function tell(facts: readonly Readable[], startedAt: number): void {
  for (const fact of facts) {
    if (fact instanceof Undecodable || fact.recordedAt.getTime() < startedAt - TRACED_MS) continue;
    tracedSince(startedAt, `project ${fact.type}`, { traceparent: fact.meta.traceparent, kind: 'consumer', attributes: { 'parley.batch': facts.length } });
  }
}

interface Batch {
  readonly lane: number;
  readonly facts: readonly Readable[];
  readonly through: bigint;
}

async function* batches(deliveries: AsyncGenerator<Delivery>, decode: ReturnType<typeof decodingFor>): AsyncGenerator<Batch, void> {
  for await (const { lane, facts, through } of deliveries) {
    let taken = 0n;
    for (const slice of slices(facts)) yield { lane, facts: await decode(slice), through: (taken = slice.at(-1)!.position) };
    if (through > taken) yield { lane, facts: [], through };
  }
}

function* slices(facts: readonly StoredFact[]): Generator<readonly StoredFact[]> {
  let [start, text] = [0, 0];
  for (const [index, { data }] of facts.entries()) {
    if (text > 0 && text + data.length > MAX_TEXT) {
      yield facts.slice(start, index);
      [start, text] = [index, 0];
    }
    text += data.length;
  }
  if (start < facts.length) yield facts.slice(start);
}
