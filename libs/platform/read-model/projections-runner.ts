import { setTimeout as delay } from 'node:timers/promises';
import { type BeforeApplicationShutdown, Inject, Injectable, type OnApplicationBootstrap, Optional } from '@nestjs/common';
import type { Projection } from '@parley/kernel/projection.js';
import { EventLog } from '../event-log/event-log.js';
import { FOLLOWS_HERE } from '../event-log/follows-here.js';
import { StoreReplaced } from '../event-store/event-store.js';
import { Codec } from '../personal-data/codec.js';
import { Databases } from '../postgres/databases.js';
import { logger } from '../telemetry/logger.js';
import { CheckpointAheadOfLog, ForeignCheckpoint } from './checkpoints.js';
import { feed } from './feed.js';
import { PostgresProjector } from './postgres.projector.js';
import { ProjectionRegistry } from './projection-registry.js';
import { type Plan, planOf } from './projections-plan.js';
import { ServedPosition } from './served-position.js';

/** How long to wait before another try, after the database was lost or a log was refused. */
const RETRY_MS = 1_000;

/** For how long the start waits for read models to catch up. What takes longer is told by health, and does not keep people out. */
const HOLD_MS = 3_000;

const log = logger('projector');

type Part = 'live' | 'building';

export interface Problem {
  readonly part: Part;
  /** The log is not the one that the tables were filled from: a person must look. Anything else may pass by itself. */
  readonly isRefusal: boolean;
  readonly reason: string;
}

const REFUSALS = [ForeignCheckpoint, CheckpointAheadOfLog, StoreReplaced];

/**
 * Keeps the projections of this process up to date for as long as it runs.
 *
 * Those that queries see go on together. New versions, and new projections, are built beside them; when they have caught up, they are
 * published and join the others. So a rebuild takes no time from anybody who asks.
 */
@Injectable()
export class ProjectionsRunner implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly stop = new AbortController();
  private readonly ready = Promise.withResolvers<void>();
  private running = Promise.resolve();
  private readonly failures = new Map<Part, Error>();

  constructor(
    private readonly registry: ProjectionRegistry,
    private readonly databases: Databases,
    private readonly events: EventLog,
    private readonly codec: Codec,
    private readonly served: ServedPosition,
    @Optional() @Inject(FOLLOWS_HERE) private readonly isFollowedHere = true,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    if (this.registry.all().length === 0 || !this.isFollowedHere) return;
    this.running = this.run();
    const patience = new AbortController();
    await Promise.race([this.ready.promise, delay(HOLD_MS, undefined, { signal: patience.signal }).catch(() => undefined)]);
    patience.abort();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stop.abort();
    await this.running;
  }

  /** Why projections do not run at present; empty when they do. */
  problems(): readonly Problem[] {
    return [...this.failures].map(([part, error]) => ({ part, isRefusal: REFUSALS.some((refusal) => error instanceof refusal), reason: error.message }));
  }

  private async run(): Promise<void> {
    const { signal } = this.stop;
    while (!signal.aborted) {
      const plan = await this.plan();
      if (plan) await this.round(plan);
    }
  }

  private async plan(): Promise<Plan | undefined> {
    try {
      return await planOf(this.databases.projector, this.registry.all());
    } catch (error) {
      await this.failed('live', error);
      return undefined;
    }
  }

  /** Until what is built has joined, or the process stops. */
  private async round({ live, building, isUnserved }: Plan): Promise<void> {
    const end = new AbortController();
    const signal = AbortSignal.any([this.stop.signal, end.signal]);
    const caughtUp = async () => {
      if (!isUnserved) this.ready.resolve();
      return true;
    };
    const built = async (projector: PostgresProjector) => {
      const isPublished = await projector.publish();
      if (isPublished) end.abort();
      return isPublished;
    };
    await Promise.all([
      live.length > 0 ? this.keepOn('live', live, signal, caughtUp) : caughtUp(),
      building.length > 0 ? this.keepOn('building', building, signal, built) : undefined,
    ]);
  }

  /** @param caughtUp called when the projector has got to the end of the log, until it answers true */
  private async keepOn(part: Part, projections: readonly Projection[], signal: AbortSignal, caughtUp: (projector: PostgresProjector) => Promise<boolean>): Promise<void> {
    let isUp = false;
    while (!signal.aborted) {
      let projector: PostgresProjector | undefined;
      try {
        const opened = (projector = await PostgresProjector.open(this.databases, this.events.identity, projections));
        const taken = async () => {
          this.failures.delete(part);
          this.served.ring();
          isUp ||= (await opened.checkpoint()) >= (await this.events.head()) && (await caughtUp(opened));
        };
        await feed({ log: this.events, codec: this.codec, projector, projections, name: part === 'live' ? 'projections' : 'projections.building', signal, taken });
      } catch (error) {
        await this.failed(part, error);
      } finally {
        await projector?.close().catch(() => undefined);
      }
    }
  }

  private async failed(part: Part, error: unknown): Promise<void> {
    const cause = error instanceof Error ? error : new Error('something that is not an error was thrown');
    if (this.failures.get(part)?.message !== cause.message) log.error('projector.failed', { part, error: cause }); // once, not each second
    this.failures.set(part, cause);
    await delay(RETRY_MS, undefined, { signal: this.stop.signal }).catch(() => undefined);
  }
}
