import { setTimeout as delay } from 'node:timers/promises';
import type { EventDefinition } from '@parley/kernel/event.js';
import type { Reactor } from '@parley/kernel/reactor.js';
import type { Delivery, EventLog } from '../event-log/event-log.js';
import { Bell } from '../event-store/bell.js';
import { StoreReplaced } from '../event-store/event-store.js';
import { failpoint } from '../failpoints/failpoints.js';
import { type Definitions, shapesOf } from '../personal-data/fact-shape.js';
import { logger } from '../telemetry/logger.js';
import { ParkingReactions, type ReactionParts } from './parking-reactions.js';
import { Progress } from './progress.js';
import type { ParkedReaction } from './reaction-store.js';

/** Most reactions under way at once: what a process holds in memory, and how far the checkpoint may be behind. */
const MOST_UNDER_WAY = 256;

/** How long after a reaction its checkpoint is saved. What is repeated after a crash changes nothing, so this need not be at once. */
const SAVE_MS = 250;

/** How often we look whether someone wants a parked fact retried or skipped. */
const SWEEP_MS = 2_000;

/** How long to wait before following again, after the log was lost. */
const RETRY_MS = 1_000;

const service = logger('reactors');

/** A checkpoint was made on another log, or on a part of this one that is gone. Going on would skip facts or repeat others. */
export class ForeignCheckpoint extends Error {
  constructor(reactor: string) {
    super(`${reactor}: its checkpoint belongs to another event store, or to a later state of this one`);
    this.name = 'ForeignCheckpoint';
  }
}

export interface ReactorStatus {
  readonly reactor: string;
  /** `elsewhere`: not in this process. `refused`: see ForeignCheckpoint and StoreReplaced; it does not run until someone decided what to do. */
  readonly state: 'elsewhere' | 'running' | 'refused' | 'stopped';
  /** Every fact up to here is done or parked; the lowest of its lanes. */
  readonly position: bigint;
  readonly head: bigint;
  readonly lag: bigint;
  readonly parked: readonly ParkedReaction[];
}

/** Follows the log for some reactors together: each fact is read and opened once, whoever wants it. */
export class Reacting {
  private readonly stopping = new AbortController();
  private readonly reactions: ParkingReactions;
  private readonly definitions: Definitions;
  private readonly lanes = new Map<number, ReadonlyMap<Reactor, Progress>>();
  private readonly saved = new Map<Progress, bigint>();
  private readonly underWay = new Set<Promise<void>>();
  private readonly freed = new Bell();
  private state: ReactorStatus['state'] = 'elsewhere';
  private running: Promise<unknown> = Promise.resolve();

  /** @param name who follows, for the log: processes of one name share the lanes */
  constructor(private readonly name: string, private readonly reactors: readonly Reactor[], private readonly log: EventLog, private readonly parts: ReactionParts) {
    this.definitions = unionOf(reactors);
    this.reactions = new ParkingReactions(parts, reactors, this.stopping.signal);
  }

  start(): void {
    this.running = Promise.all([this.run(), this.every(SAVE_MS, () => this.save()), this.every(SWEEP_MS, () => this.reactions.sweep())]);
  }

  /** Ends when the reactions under way have ended. */
  async stop(): Promise<void> {
    this.stopping.abort();
    this.freed.ring();
    await this.running;
    await Promise.all(this.underWay);
    await this.save();
    this.state = 'stopped';
  }

  /** Looks at once whether something is to be retried or let go on. */
  sweep(): Promise<void> {
    return this.reactions.sweep();
  }

  async status(): Promise<readonly ReactorStatus[]> {
    const names = this.reactors.map(({ name }) => name);
    const [head, parked, saved] = await Promise.all([this.log.head(), this.parts.memory.parked(names), this.state === 'elsewhere' ? this.parts.memory.checkpoints(names) : []]);
    return this.reactors.map((reactor) => {
      const elsewhere = saved.filter((each) => each.reactor === reactor.name).map((each) => each.position);
      const positions = [...this.lanes.values()].map((lane) => lane.get(reactor)!.position).concat(elsewhere);
      const position = positions.reduce((lowest, each) => (each < lowest ? each : lowest), positions[0] ?? 0n);
      return { reactor: reactor.name, state: this.state, position, head, lag: head - position, parked: parked.filter((each) => each.reactor === reactor.name) };
    });
  }

  private async run(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      try {
        await this.reactions.load();
        this.state = 'running';
        for await (const delivery of this.log.follow({ name: this.name, after: (lane) => this.resume(lane), signal })) await this.takeIn(delivery);
      } catch (error) {
        service.error('reactors.failed', { reactors: this.name, error: error as Error });
        if (error instanceof ForeignCheckpoint || error instanceof StoreReplaced) {
          this.state = 'refused';
          return;
        }
        await delay(RETRY_MS, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  /** Settles when all facts of the delivery have begun, not when they are done. */
  private async takeIn({ lane, facts, through }: Delivery): Promise<void> {
    const shapes = shapesOf(this.definitions);
    const wanted = facts.filter(({ type }) => shapes.has(type));
    const decoded = wanted.length > 0 ? await this.parts.codec.decode(wanted, this.definitions, { open: true }) : [];
    const progress = this.lanes.get(lane)!;
    for (const [index, fact] of decoded.entries()) {
      const { position, type } = wanted[index]!;
      for (const reactor of this.reactors) {
        const mine = progress.get(reactor)!;
        if (position <= mine.taken || !Object.hasOwn(reactor.on, shapes.get(type)!.definition.type)) continue;
        while (this.underWay.size >= MOST_UNDER_WAY && !this.stopping.signal.aborted) await this.freed.heard();
        if (this.stopping.signal.aborted) return;
        mine.begin(position);
        this.begin(this.reactions.take(reactor, fact).then((isDone) => (isDone ? mine.done(position) : undefined)));
      }
    }
    for (const mine of progress.values()) mine.pass(through);
  }

  private begin(work: Promise<void>): void {
    const mine = work.finally(() => {
      this.underWay.delete(mine);
      this.freed.ring();
    });
    this.underWay.add(mine);
  }

  /** Where a lane goes on: in this process behind what has begun, else at the checkpoint that is furthest behind. */
  private async resume(lane: number): Promise<bigint> {
    const progress = this.lanes.get(lane) ?? (await this.load(lane));
    this.lanes.set(lane, progress);
    return [...progress.values()].map(({ taken }) => taken).reduce((lowest, each) => (each < lowest ? each : lowest));
  }

  private async load(lane: number): Promise<ReadonlyMap<Reactor, Progress>> {
    const { storeId, epoch } = this.log.identity;
    const checkpoints = await this.parts.memory.checkpoints(this.reactors.map(({ name }) => name), lane);
    const head = await this.log.head(); // afterwards: another process may be moving both
    return new Map(
      this.reactors.map((reactor) => {
        const checkpoint = checkpoints.find((each) => each.reactor === reactor.name);
        const isForeign = checkpoint && (checkpoint.storeId !== storeId || checkpoint.epoch !== epoch || checkpoint.position > head);
        if (isForeign) throw new ForeignCheckpoint(reactor.name);
        const progress = new Progress(checkpoint?.position ?? 0n);
        this.saved.set(progress, progress.position);
        return [reactor, progress];
      }),
    );
  }

  private async save(): Promise<void> {
    const { storeId, epoch } = this.log.identity;
    const moved = [...this.lanes].flatMap(([lane, progress]) =>
      [...progress]
        .map(([{ name }, mine]) => ({ mine, checkpoint: { reactor: name, lane, position: mine.position, storeId, epoch } }))
        .filter(({ mine, checkpoint }) => checkpoint.position !== this.saved.get(mine)),
    );
    if (moved.length === 0) return;
    await failpoint('reactors.before_save');
    await this.parts.memory.save(moved.map(({ checkpoint }) => checkpoint));
    for (const { mine, checkpoint } of moved) this.saved.set(mine, checkpoint.position);
  }

  private async every(ms: number, work: () => Promise<void>): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      await delay(ms, undefined, { signal, ref: false }).catch(() => undefined);
      if (!signal.aborted) await work().catch((error: unknown) => service.warn('reactors.upkeep-failed', { reactors: this.name, error: error as Error }));
    }
  }
}

/** @throws Error when two reactors mean different events by one name */
function unionOf(reactors: readonly Reactor[]): Definitions {
  const union: Record<string, EventDefinition> = {};
  for (const { name, events } of reactors) {
    for (const [type, definition] of Object.entries<EventDefinition>(events)) {
      if ((union[type] ?? definition) !== definition) throw new Error(`${name}: another reactor means something else by ${type}`);
      union[type] = definition;
    }
  }
  return union;
}
