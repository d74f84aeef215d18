import { createHash } from 'node:crypto';
import type { Projection } from '@parley/kernel/projection.js';
import type { Delivery } from '../event-log/event-log.js';
import { laneOf } from '../event-log/lanes.js';
import type { EventStore } from '../event-store/event-store.js';
import type { Codec } from '../personal-data/codec.js';
import type { Databases } from '../postgres/databases.js';
import { ForeignCheckpoint } from './checkpoints.js';
import { MAX_FACTS, takeIn } from './feed.js';
import { highest, lowest, type Stand } from './holding.js';
import { ParkedStreams } from './parked-streams.js';
import { PostgresProjector } from './postgres.projector.js';
import type { Comparable } from './served-tables.js';
import { suffixOf, type Target } from './table-name.js';
import { allOf, tablesOf } from './table.js';

/** The log, how to read it, and where to fold it. */
export interface Parts {
  readonly databases: Databases;
  readonly store: Pick<EventStore, 'read' | 'readAll' | 'readTenant' | 'identity'>;
  readonly codec: Pick<Codec, 'decode'>;
  /** Only this one's facts. */
  readonly tenantId?: string;
}

/**
 * Tables beside those that are served, which the log is folded into to be compared. They have checkpoints as all tables have, so a fold
 * that was stopped goes on where it was. Nobody reads them.
 */
export class Scratch {
  private constructor(private readonly parts: Parts, private readonly targets: readonly Target[], private readonly lanes: number, private readonly projector: PostgresProjector) {}

  /** @param isResumed go on with what an earlier run left, if it was about the same. @param lanes in which the tables are filled that they are compared with */
  static async open(parts: Parts, comparable: readonly Comparable[], { lanes, isResumed }: { readonly lanes: number; readonly isResumed: boolean }): Promise<Scratch> {
    const about = JSON.stringify([parts.tenantId ?? 'all', lanes, ...comparable.map(({ declared }) => declared.shape)]);
    const mark = `_diff_${createHash('sha256').update(about).digest('hex').slice(0, 8)}`;
    const targets = comparable.map(({ declared: { projection } }) => ({ projection, suffix: suffixOf(projection) + mark }));
    if (!isResumed) await dropAll(parts, targets);
    const projector = await PostgresProjector.open(parts.databases, parts.store.identity, targets, { lanes }).catch(async (error: unknown) => {
      if (!(error instanceof ForeignCheckpoint)) throw error;
      await dropAll(parts, targets); // an earlier run was about another log
      return PostgresProjector.open(parts.databases, parts.store.identity, targets, { lanes });
    });
    return new Scratch(parts, targets, lanes, projector);
  }

  /** What follows the name of a projection, and of its rollups, in those of these tables. */
  suffixOf(projection: Projection): string {
    return this.targets.find((each) => each.projection === projection)!.suffix;
  }

  /** How far all of them are, in every lane. */
  position(): Promise<bigint> {
    return this.projector.position();
  }

  /** How far all of them are, by lane. */
  stand(): Promise<Stand> {
    return standOf(this.projector, this.lanes);
  }

  /** Folds all of them up to a place of each lane, or until aborted. */
  fold(until: Stand, signal: AbortSignal, told: (position: bigint) => void): Promise<void> {
    return foldInto(this.projector, this.parts, until, signal, told);
  }

  /** Folds one of them further than the others. */
  async foldOne(projection: Projection, until: Stand, signal: AbortSignal): Promise<void> {
    const target = this.targets.find((each) => each.projection === projection)!;
    const projector = await PostgresProjector.open(this.parts.databases, this.parts.store.identity, [target]);
    await foldInto(projector, this.parts, until, signal, () => undefined).finally(() => projector.close());
  }

  async drop(): Promise<void> {
    await this.projector.close();
    await dropAll(this.parts, this.targets);
  }

  close(): Promise<void> {
    return this.projector.close();
  }
}

const standOf = (projector: PostgresProjector, lanes: number): Promise<Stand> => Promise.all(Array.from({ length: lanes }, (_, lane) => projector.checkpoint(lane)));

async function foldInto(projector: PostgresProjector, { databases, store, codec, tenantId }: Parts, until: Stand, signal: AbortSignal, told: (position: bigint) => void): Promise<void> {
  const projections = projector.tables.map(({ projection }) => projection);
  const after = await standOf(projector, until.length);
  let last = lowest(after);
  const deliveries = factsOf(store, { after, until, tenantId, signal, passed: (position) => (last = position) });
  await takeIn(deliveries, { codec, projector, streams: new ParkedStreams(databases, store, codec), projections, taken: async () => told(last) });
  for (const [lane, through] of until.entries()) if (!signal.aborted) await projector.apply([], { lane, through });
}

interface Range {
  readonly after: Stand;
  readonly until: Stand;
  readonly tenantId: string | undefined;
  readonly signal: AbortSignal;
  readonly passed: (position: bigint) => void;
}

async function* factsOf(store: Parts['store'], { after, until, tenantId, signal, passed }: Range): AsyncGenerator<Delivery> {
  const end = highest(until);
  for (let at = lowest(after); !signal.aborted && at < end; passed(at)) {
    const page = tenantId === undefined ? await store.readAll(at, MAX_FACTS) : await store.readTenant(tenantId, { after: at, until: end, limit: MAX_FACTS });
    if (page.length === 0) return;
    at = page.at(-1)!.position;
    for (const lane of until.keys()) {
      const facts = page.filter((fact) => laneOf(fact.tenantId, until.length) === lane && fact.position > after[lane]! && fact.position <= until[lane]!);
      if (facts.length > 0) yield { lane, facts, through: facts.at(-1)!.position };
    }
  }
}

async function dropAll({ databases: { owner } }: Parts, targets: readonly Target[]): Promise<void> {
  for (const table of await tablesOf(targets)) {
    await owner.query('delete from parley.projection_checkpoints where table_name = $1', [table.name]);
    await owner.query(`drop table if exists ${allOf(table).map(({ name }) => name).join(', ')}`);
    await owner.query('delete from parley.parked_facts where table_name = $1', [table.name]);
  }
}
