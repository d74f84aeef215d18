import { setTimeout as delay } from 'node:timers/promises';
import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { defineError } from '@parley/kernel/domain-error.js';
import type { Actor, Meta } from '@parley/kernel/meta.js';
import { Clock } from '../clock/clock.js';
import { EventLog } from '../event-log/event-log.js';
import { EventStore } from '../event-store/event-store.js';
import { Codec } from '../personal-data/codec.js';
import { recordOperation } from '../personal-data/operations-stream.js';
import { Databases } from '../postgres/databases.js';
import { logger } from '../telemetry/logger.js';
import { type Build, isOf, readBuilds, rebuild } from './builds.js';
import { ParkedFactSkipped } from './operations.events.js';
import { ParkedStreams } from './parked-streams.js';
import { parkedFacts } from './parked-facts.js';
import { ProjectionRegistry } from './projection-registry.js';
import { type ProjectionStatus, statusOf } from './projection-status.js';
import { ProjectionsRunner } from './projections-runner.js';
import type { ParkedFact } from './projector.js';
import { rollback, type Rollback } from './rollback.js';
import { type Table, tablesOf } from './table.js';

export class ProjectionUnknown extends defineError('PROJECTION_UNKNOWN', 'not-found', 'There is no such projection here.', 'Ask for the status to see their names.') {}

export class FactNotParked extends defineError('FACT_NOT_PARKED', 'not-found', 'No such fact is parked for this projection.', 'Ask for the status to see what is parked.') {}

/** What became of parked streams. */
export interface Retried {
  readonly streams: number;
  /** How many of them go on. */
  readonly mended: number;
}

/** For how long a skip waits for the projectors to come upon it, and how often it looks. */
const SKIP_MS = 10_000;
const LOOK_MS = 20;

const log = logger('projector');

/** Shows how the projections of this process are, and mends them: for health, metrics and operators. */
@Injectable()
export class ProjectionsControl implements OnApplicationBootstrap {
  private declared: Promise<readonly Table[]> | undefined;
  private readonly streams: ParkedStreams;

  constructor(
    private readonly registry: ProjectionRegistry,
    private readonly databases: Databases,
    private readonly store: EventStore,
    private readonly events: EventLog,
    private readonly codec: Codec,
    private readonly clock: Clock,
    private readonly runner: ProjectionsRunner,
  ) {
    this.streams = new ParkedStreams(databases, store, codec);
  }

  /** A new release may have what the old one lacked, so what is parked is tried once at each start of who fills the tables. */
  onApplicationBootstrap(): void {
    if (this.runner.isFollowedHere) void this.retryAll().catch((error: Error) => log.warn('projector.retry-failed', { error }));
  }

  async status(): Promise<readonly ProjectionStatus[]> {
    const tables = await this.declarations();
    return statusOf(this.databases.projector, tables, await this.builds(tables), await this.events.head(), this.runner.paces);
  }

  /** What waits, in the order of the log; for each of the tables that are filled. */
  async parked(): Promise<readonly ParkedFact[]> {
    return parkedFacts(this.databases.projector, await this.filled());
  }

  /**
   * Begins to build a projection's table anew, beside the one that is served; it takes its place when it is as far.
   *
   * @param projection left out: all of them
   * @throws ProjectionUnknown
   */
  async rebuild(projection?: string): Promise<void> {
    await rebuild(this.databases, projection === undefined ? await this.declarations() : [await this.declaration(projection)]);
    log.info('projector.rebuild-asked', { projection });
  }

  /** Lets queries see the table that they saw before. @throws ProjectionUnknown, NothingToGoBackTo, EarlierTableStale */
  async rollback(projection: string, options: { readonly isStaleFine?: boolean } = {}): Promise<Rollback> {
    const done = await rollback(this.databases, await this.declaration(projection), options);
    log.warn('projector.rolled-back', { projection, from: done.from, to: done.to, behind: done.behind });
    return done;
  }

  /**
   * In the form of a health check. Down: what queries see belongs to another log. Degraded: a fact is parked, or projections stand
   * still for another reason; what is served is served. Lag is told, and is no illness.
   */
  async health(): Promise<{ status: 'up' | 'degraded' | 'down'; details: Record<string, unknown> }> {
    const all = await this.status();
    const parked = all.reduce((sum, each) => sum + each.parked, 0);
    const lag = all.reduce((most, each) => Math.max(most, Number(each.lag)), 0);
    const rebuilding = all.filter((each) => each.rebuilding).map(({ projection }) => projection);
    const problems = this.runner.problems();
    const isRefused = problems.some(({ part, isRefusal }) => part === 'live' && isRefusal);
    const status = isRefused ? 'down' : problems.length > 0 || parked > 0 ? 'degraded' : 'up';
    return { status, details: { parked, lag, rebuilding } };
  }

  /** Tries again what is parked for a projection, or one stream of it. @throws ProjectionUnknown */
  async retry(projection: string, stream?: string): Promise<Retried> {
    const tables = await this.filled(await this.declaration(projection));
    const parked = (await parkedFacts(this.databases.projector, tables)).filter((each) => stream === undefined || each.stream === stream);
    let mended = 0;
    for (const each of parked) if (await this.streams.retry(tables.find(({ name }) => name === each.table)!, each)) mended++;
    if (parked.length > 0) log.info('projector.retried', { projection, streams: parked.length, mended });
    return { streams: parked.length, mended };
  }

  /**
   * Has a projection pass over a parked fact: that is recorded, as a fact of the tenant's, and each table of the projection goes on when
   * it comes upon the record, those too that are built later. A repeat changes nothing.
   *
   * @param actor who wants it: to be allowed to is the edge's to decide
   * @throws ProjectionUnknown, FactNotParked
   */
  async skip(projection: string, eventId: string, reason: string, actor: Actor): Promise<void> {
    const tables = await this.filled(await this.declaration(projection));
    const waiting = async () => (await parkedFacts(this.databases.projector, tables)).find((each) => each.eventId === eventId);
    const parked = await waiting();
    if (!parked) throw new FactNotParked();
    await this.record(parked, reason, actor);
    log.warn('projector.skipped', { projection, stream: parked.stream, eventId, by: actor.id });
    for (const until = Date.now() + SKIP_MS; Date.now() < until && (await waiting()); ) await delay(LOOK_MS);
  }

  private async retryAll(): Promise<void> {
    for (const { name } of this.registry.all()) await this.retry(name);
  }

  private async record({ projection, table, tenantId, stream, eventId, type, reason: parkedFor }: ParkedFact, reason: string, actor: Actor): Promise<void> {
    const skippedAt = this.clock.now().toISOString();
    const commandId = `skip:${projection}:${eventId}`;
    const meta: Meta = { tenantId, actor, now: skippedAt, commandId, correlationId: commandId };
    const fact = ParkedFactSkipped({ projection, table, stream, eventId, type, parkedFor, reason, skippedBy: actor.id, skippedAt });
    await recordOperation({ store: this.store, codec: this.codec }, fact, ParkedFactSkipped, meta);
  }

  private async declaration(projection: string): Promise<Table> {
    const table = (await this.declarations()).find((each) => each.projection.name === projection);
    if (!table) throw new ProjectionUnknown();
    return table;
  }

  private declarations(): Promise<readonly Table[]> {
    return (this.declared ??= tablesOf(this.registry.all()));
  }

  private builds(tables: readonly Table[]): Promise<readonly Build[]> {
    return readBuilds(this.databases.projector, tables.map(({ projection }) => projection.name));
  }

  /** The tables that this release fills, or would if it went on with them. */
  private async filled(...only: readonly Table[]): Promise<readonly Table[]> {
    const declared = only.length > 0 ? only : await this.declarations();
    const builds = await this.builds(declared);
    return tablesOf(
      declared.flatMap((table) => {
        const mine = builds.filter((build) => build.name === table.projection.name && isOf(build, table));
        const current = mine.filter(({ state }) => state !== 'kept');
        return (current.length > 0 ? current : mine.slice(0, 1)).map(({ suffix }) => ({ projection: table.projection, suffix }));
      }),
    );
  }
}
