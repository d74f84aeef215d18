import { setTimeout as delay } from 'node:timers/promises';
import { type BeforeApplicationShutdown, Inject, Injectable, type OnApplicationBootstrap, Optional } from '@nestjs/common';
import { EventLog } from '../event-log/event-log.js';
import { FOLLOWS_HERE } from '../event-log/follows-here.js';
import { EventStore, StoreReplaced } from '../event-store/event-store.js';
import { Codec } from '../personal-data/codec.js';
import { Databases } from '../postgres/databases.js';
import { listen } from '../postgres/listen.js';
import { Slices } from '../running/slices.js';
import { logger } from '../telemetry/logger.js';
import { type Build, declareBuilds, dropExpired, readBuilds } from './builds.js';
import { CheckpointAheadOfLog, ForeignCheckpoint, LanesDiffer } from './checkpoints.js';
import { feed } from './feed.js';
import { Paces } from './pace.js';
import { ParkedStreams } from './parked-streams.js';
import { PostgresProjector } from './postgres.projector.js';
import { ProjectionRegistry } from './projection-registry.js';
import { type Plan, planOf } from './projections-plan.js';
import { publishAll } from './publishing.js';
import { readModelConfig } from './read-model.config.js';
import { REBUILT } from './read-model.schema.js';
import { ServedPosition } from './served-position.js';
import type { Target } from './table-name.js';
import { type Table, tablesOf } from './table.js';
import { replaceTwin } from './twins.js';

/** How long to wait before another try, after the database was lost or a log was refused. */
const RETRY_MS = 1_000;

/** For how long the start waits for read models to catch up. What takes longer is told by health, and does not keep people out. */
const HOLD_MS = 3_000;

/** Somebody writes all the time: one that is so near the end of the log has got there. */
const CLOSE = 1_000n;

/** Most facts in one batch of a table that is built beside those that are served: people must not wait for it. */
export const BESIDE = 500;

const log = logger('projector');

type Part = 'live' | 'building';

export interface Problem {
  readonly part: Part;
  /** The log is not the one that the tables were filled from: a person must look. Anything else may pass by itself. */
  readonly isRefusal: boolean;
  readonly reason: string;
}

const REFUSALS = [ForeignCheckpoint, CheckpointAheadOfLog, LanesDiffer, StoreReplaced];

/**
 * Keeps the projections of this process up to date for as long as it runs.
 *
 * Those that queries see go on together. New versions, new projections and tables that are built anew are built beside them; when they
 * have caught up, they are published and join the others. So a rebuild takes no time from anybody who asks.
 */
@Injectable()
export class ProjectionsRunner implements OnApplicationBootstrap, BeforeApplicationShutdown {
  /** How fast the tables go forward that are not at the end of the log. */
  readonly paces = new Paces();
  private readonly stop = new AbortController();
  private readonly ready = Promise.withResolvers<void>();
  private running = Promise.resolve();
  private readonly failures = new Map<Part, Error>();
  private readonly streams: ParkedStreams;
  private known = '';
  private roundIsOver: () => void = () => undefined;

  constructor(
    private readonly registry: ProjectionRegistry,
    private readonly databases: Databases,
    private readonly events: EventLog,
    store: EventStore,
    private readonly codec: Codec,
    private readonly served: ServedPosition,
    @Optional() @Inject(FOLLOWS_HERE) readonly isFollowedHere = true,
  ) {
    this.streams = new ParkedStreams(databases, store, codec);
  }

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
    const tables = await tablesOf(this.registry.all());
    const stopListening = await this.listen(tables);
    while (!this.stop.signal.aborted) {
      const plan = await this.plan(tables);
      if (plan) await this.round(plan);
    }
    await stopListening?.();
  }

  /** Another process may have begun to build a table, or an operator asked for one. */
  private async listen(tables: readonly Table[]): Promise<(() => Promise<void>) | undefined> {
    const names = tables.map(({ projection }) => projection.name);
    const look = async () => {
      if (signatureOf(await readBuilds(this.databases.projector, names)) !== this.known) this.roundIsOver();
    };
    const heard = () => void look().catch(() => undefined); // looked at again soon
    while (!this.stop.signal.aborted) {
      try {
        return await listen(this.databases.urls.projector, REBUILT, heard);
      } catch (error) {
        await this.failed('live', error);
      }
    }
    return undefined;
  }

  private async plan(tables: readonly Table[]): Promise<Plan | undefined> {
    try {
      await dropExpired(this.databases, readModelConfig.read().PARLEY_READ_MODEL_KEEP_DAYS);
      const builds = await declareBuilds(this.databases, tables);
      this.known = signatureOf(builds);
      return await planOf(this.databases.projector, this.events.identity, tables, builds);
    } catch (error) {
      await this.failed('live', error);
      return undefined;
    }
  }

  /** Until what is built has joined or is published, other tables are to be built, or the process stops. */
  private async round({ live, building, twins, isUnserved }: Plan): Promise<void> {
    const end = new AbortController();
    this.roundIsOver = () => end.abort();
    const signal = AbortSignal.any([this.stop.signal, end.signal]);
    const replacing: Promise<void>[] = [];
    const caughtUp = async ({ tables }: PostgresProjector) => {
      if (!isUnserved) this.ready.resolve();
      for (const each of twins) {
        const table = tables.find(({ name }) => name === each.built)!;
        replacing.push(this.insist(() => replaceTwin(this.databases, table, each, signal), end, signal));
      }
    };
    const toPublish = new Set(building.filter(({ ending }) => ending === 'publish').map(({ projection, suffix }) => projection.name + suffix));
    const built = async ({ tables }: PostgresProjector) => {
      replacing.push(this.insist(() => publishAll(this.databases, tables.filter(({ name }) => toPublish.has(name)), signal), end, signal));
    };
    await Promise.all([
      live.length > 0 ? this.keepOn('live', live, signal, caughtUp) : isUnserved || this.ready.resolve(),
      building.length > 0 ? this.keepOn('building', building, signal, built) : undefined,
    ]);
    await Promise.all(replacing);
  }

  /** Lets queries see other tables, beside the feeding of them; then the round is over. */
  private async insist(replace: () => Promise<void>, round: AbortController, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await replace();
        return round.abort();
      } catch (error) {
        await this.failed('building', error);
      }
    }
  }

  /** @param caughtUp called once, when the projector has got to the end of the log as it was at the start, and close to that of now */
  private async keepOn(part: Part, targets: readonly Target[], signal: AbortSignal, caughtUp: (projector: PostgresProjector) => Promise<void>): Promise<void> {
    const projections = [...new Set(targets.map(({ projection }) => projection))];
    let isUp = false;
    while (!signal.aborted) {
      let projector: PostgresProjector | undefined;
      try {
        const opened = (projector = await PostgresProjector.open(this.databases, this.events.identity, targets, { lanes: this.events.lanes, slices: new Slices({ givesWay: part === 'building' }) }));
        const start = await this.events.head();
        const taken = async () => {
          this.failures.delete(part);
          this.served.ring();
          if (isUp) return;
          const position = await opened.position();
          for (const { name } of opened.tables) this.paces.saw(name, position);
          isUp = position >= start && (await this.events.head()) - position <= CLOSE;
          if (isUp) await caughtUp(opened);
        };
        const [name, limit] = part === 'live' ? ['projections', undefined] : ['projections.building', BESIDE];
        await feed({ log: this.events, codec: this.codec, streams: this.streams, projector, projections, limit, name, signal, taken });
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

const signatureOf = (builds: readonly Build[]): string => builds.map(({ table, state }) => `${table} ${state}`).sort().join();
