import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { defineError } from '@parley/kernel/domain-error.js';
import type { Actor, Meta } from '@parley/kernel/meta.js';
import { Clock } from '../clock/clock.js';
import { eventIdOf } from '../cqrs/event-id.js';
import { EventLog } from '../event-log/event-log.js';
import { EventStore, NO_STREAM, RevisionConflict, streamName } from '../event-store/event-store.js';
import { Codec } from '../personal-data/codec.js';
import { Databases } from '../postgres/databases.js';
import { logger } from '../telemetry/logger.js';
import { OPERATIONS, ParkedFactSkipped } from './operations.events.js';
import { ParkedStreams } from './parked-streams.js';
import { parkedFacts } from './parked-facts.js';
import { ProjectionRegistry } from './projection-registry.js';
import { type ProjectionStatus, statusOf } from './projection-status.js';
import { ProjectionsRunner } from './projections-runner.js';
import type { ParkedFact } from './projector.js';
import { type Table, tablesOf } from './table.js';

export class ProjectionUnknown extends defineError('PROJECTION_UNKNOWN', 'not-found', 'There is no such projection here.', 'Ask for the status to see their names.') {}

export class FactNotParked extends defineError('FACT_NOT_PARKED', 'not-found', 'No such fact is parked for this projection.', 'Ask for the status to see what is parked.') {}

/** What became of parked streams. */
export interface Retried {
  readonly streams: number;
  /** How many of them go on. */
  readonly mended: number;
}

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

  /** A new release may have what the old one lacked, so what is parked is tried once at each start. */
  onApplicationBootstrap(): void {
    void this.retryAll().catch((error: Error) => log.warn('projector.retry-failed', { error }));
  }

  async status(): Promise<readonly ProjectionStatus[]> {
    return statusOf(this.databases.projector, await this.tables(), await this.events.head());
  }

  /** What waits, in the order of the log. */
  async parked(): Promise<readonly ParkedFact[]> {
    return parkedFacts(this.databases.projector, await this.tables());
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
    const table = await this.table(projection);
    const parked = (await parkedFacts(this.databases.projector, [table])).filter((each) => stream === undefined || each.stream === stream);
    let mended = 0;
    for (const each of parked) if (await this.streams.retry(table, each)) mended++;
    if (parked.length > 0) log.info('projector.retried', { projection, streams: parked.length, mended });
    return { streams: parked.length, mended };
  }

  /**
   * Lets a projection pass over a parked fact; first it is recorded, as a fact of the tenant's. A repeat changes nothing.
   *
   * @param actor who wants it: to be allowed to is the edge's to decide
   * @throws ProjectionUnknown, FactNotParked
   */
  async skip(projection: string, eventId: string, reason: string, actor: Actor): Promise<void> {
    const table = await this.table(projection);
    const parked = (await parkedFacts(this.databases.projector, [table])).find((each) => each.eventId === eventId);
    if (!parked) throw new FactNotParked();
    await this.record(parked, reason, actor);
    await this.streams.skip(table, parked);
    log.warn('projector.skipped', { projection, stream: parked.stream, eventId, by: actor.id });
  }

  private async retryAll(): Promise<void> {
    for (const { name } of this.registry.all()) await this.retry(name);
  }

  private async record({ projection, table, tenantId, stream, eventId, type, reason: parkedFor }: ParkedFact, reason: string, actor: Actor): Promise<void> {
    const skippedAt = this.clock.now().toISOString();
    const commandId = `skip:${table}:${eventId}`;
    const meta: Meta = { tenantId, actor, now: skippedAt, commandId, correlationId: commandId };
    const fact = ParkedFactSkipped({ projection, table, stream, eventId, type, parkedFor, reason, skippedBy: actor.id, skippedAt });
    const operations = streamName(OPERATIONS, tenantId, tenantId);
    const proposed = await this.codec.encode([fact], { ParkedFactSkipped }, meta, [eventIdOf(operations, commandId, 0)]);
    for (;;) {
      const [last] = await this.store.readBackwards(operations, { limit: 1 });
      try {
        await this.store.append(operations, last?.revision ?? NO_STREAM, proposed);
        return;
      } catch (error) {
        if (!(error instanceof RevisionConflict)) throw error; // another operator was here first
      }
    }
  }

  private async table(projection: string): Promise<Table> {
    const table = (await this.tables()).find((each) => each.projection.name === projection);
    if (!table) throw new ProjectionUnknown();
    return table;
  }

  private tables(): Promise<readonly Table[]> {
    return (this.declared ??= tablesOf(this.registry.all()));
  }
}
