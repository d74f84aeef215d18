import { setTimeout as delay } from 'node:timers/promises';
import type { EventOf, Fact } from '@parley/kernel/event.js';
import { ForeignCheckpoint } from '@parley/platform/cqrs/reacting.js';
import { ReactionStore } from '@parley/platform/cqrs/reaction-store.js';
import { EventLog } from '@parley/platform/event-log/event-log.js';
import type { StoredFact } from '@parley/platform/event-store/event-store.js';
import { failpoint } from '@parley/platform/failpoints/failpoints.js';
import { Codec } from '@parley/platform/personal-data/codec.js';
import { readable } from '@parley/platform/personal-data/undecodable.js';
import { LeaseMetrics } from '@parley/platform/telemetry/lease.metrics.js';
import { logger } from '@parley/platform/telemetry/logger.js';
import { type BeforeApplicationShutdown, Injectable, type OnApplicationBootstrap, Optional } from '@nestjs/common';
import { GenerationStarted, GenerationStopRequested } from '../domain/generation.events.js';
import { GenerationRunner } from './generation-runner.js';
import { GenerationWork } from './generation-work.js';
import { type GenerationKey, Leases } from './leases.js';
import { PromptAssembly } from './prompt-assembly.js';
import { RuntimeSettings } from './runtime.config.js';
import { RuntimeTelemetry } from './runtime-telemetry.js';

/** Who follows the log: processes of this name share its lanes. */
const NAME = 'inference.runtime';

/** Renewals a lease's life holds, and looks for leases that have run out: one or two may be lost. */
const RENEWALS = 4;
const SWEEPS = 8;

/** How often the checkpoint is saved. What is seen again after a crash changes nothing. */
const SAVE_MS = 500;
const RETRY_MS = 1_000;

/** What a worker wants to know of the log. */
const events = { GenerationStarted, GenerationStopRequested };
type Wanted = Fact<EventOf<typeof GenerationStarted | typeof GenerationStopRequested>>;

const log = logger('runtime');
const nameOf = ({ tenantId, replyId }: GenerationKey) => `${tenantId}.${replyId}`;

/**
 * Makes replies for as long as the process runs: takes up what begins, and what other workers left when they died.
 *
 * A lease only decides who tries. Who settles is decided by the log, so a worker that has lost its lease without knowing does no harm.
 */
@Injectable()
export class RuntimeWorker implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly stopping = new AbortController();
  private readonly works = new Map<string, GenerationWork>();
  private readonly underWay = new Set<Promise<void>>();
  private readonly positions = new Map<number, bigint>();
  private readonly saved = new Map<number, bigint>();
  private running: Promise<unknown> = Promise.resolve();
  private isFollowing = false;

  constructor(
    private readonly events: EventLog,
    private readonly codec: Codec,
    private readonly memory: ReactionStore,
    private readonly leases: Leases,
    private readonly runner: GenerationRunner,
    private readonly prompts: PromptAssembly,
    private readonly settings: RuntimeSettings,
    telemetry: RuntimeTelemetry,
    @Optional() private readonly leaseMetrics?: LeaseMetrics,
  ) {
    telemetry.watch(
      () => this.works.size,
      () => ({ status: this.isFollowing ? 'up' : 'degraded', details: { underWay: this.works.size } }),
    );
  }

  onApplicationBootstrap(): void {
    this.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.stop();
  }

  start(): void {
    const { leaseMs } = this.settings;
    this.running = Promise.all([
      this.follow(),
      this.every(leaseMs / RENEWALS, 'renew', () => this.renew()),
      this.every(leaseMs / SWEEPS, 'sweep', () => this.sweep()),
      this.every(SAVE_MS, 'save', () => this.save()),
    ]);
  }

  /** Takes nothing new, goes on with what it has for a while, then leaves the rest to others, at once. */
  async stop(): Promise<void> {
    this.stopping.abort();
    const renewing = setInterval(() => void this.renew().catch(() => undefined), this.settings.leaseMs / RENEWALS);
    await this.running; // what was just being taken up belongs to what it has
    const drained = Promise.all(this.underWay);
    await Promise.race([drained, delay(this.settings.drainMs, undefined, { ref: false })]);
    clearInterval(renewing);
    for (const work of this.works.values()) work.endBy('leave');
    await drained;
    await Promise.all([this.leases.release(this.settings), this.save()]).catch((error: unknown) => log.warn('runtime.release-failed', { error: error as Error }));
  }

  private async follow(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      try {
        this.isFollowing = true;
        for await (const { lane, facts, through } of this.events.follow({ name: NAME, after: (each) => this.resume(each), signal })) {
          const wanted = facts.filter(({ type }) => Object.hasOwn(events, type));
          if (wanted.length > 0) await this.takeIn(wanted);
          this.positions.set(lane, through);
        }
      } catch (error) {
        this.isFollowing = false;
        log.error('runtime.failed', { error: error as Error });
        if (error instanceof ForeignCheckpoint) return;
        await delay(RETRY_MS, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  private async takeIn(stored: readonly StoredFact[]): Promise<void> {
    const facts = readable(await this.codec.decode(stored, events, { open: false })) as readonly Wanted[];
    const started = facts.filter((fact) => fact.type === 'GenerationStarted') as Fact<EventOf<typeof GenerationStarted>>[];
    if (started.length > 0) await this.takeUp(started);
    const stops = facts.filter(({ type }) => type === 'GenerationStopRequested').map(keyOf);
    for (const key of stops) this.works.get(nameOf(key))?.endBy('stop');
    const elsewhere = stops.filter((key) => !this.works.has(nameOf(key)));
    if (elsewhere.length > 0) await this.leases.requestStops(elsewhere);
  }

  private async takeUp(started: readonly Fact<EventOf<typeof GenerationStarted>>[]): Promise<void> {
    const held = Math.min(started.length, Math.max(0, this.settings.concurrency - this.works.size));
    // The prompt does not have to wait for the lease; if another gets it, the reading was in vain.
    const begun = new Map(started.slice(0, held).map((fact) => [nameOf(keyOf(fact)), { fact, prompt: this.promptOf(fact) }]));
    await failpoint('s5.before_claim');
    const leases = await this.leases.make(started.map(keyOf), held, this.settings);
    await failpoint('s5.after_claim');
    for (const lease of leases) this.begin(new GenerationWork(lease, begun.get(nameOf(lease))));
  }

  private promptOf(fact: Fact<EventOf<typeof GenerationStarted>>) {
    const prompt = this.prompts.assemble(fact);
    prompt.catch(() => undefined); // whoever awaits it sees the error; when nobody does, nobody needs it
    return prompt;
  }

  private async renew(): Promise<void> {
    const works = [...this.works.values()];
    if (works.length === 0) return;
    const renewed = await this.leases.renew(works.map(({ lease, progress }) => ({ ...lease, ...progress })), this.settings);
    const kept = new Map(renewed.map((lease) => [nameOf(lease), lease]));
    for (const work of works) if (kept.get(nameOf(work.lease))?.isStopRequested) work.endBy('stop');
    // A work that has settled meanwhile has no lease any more, and has lost nothing.
    const lost = works.filter((work) => !kept.has(nameOf(work.lease)) && this.works.get(nameOf(work.lease)) === work);
    if (lost.length > 0) await this.lose(lost);
  }

  /** Another worker has them. Or nobody: a database that crashed may have lost the leases, so that they are made anew, for anyone to take. */
  private async lose(works: readonly GenerationWork[]): Promise<void> {
    await this.leases.make(works.map(({ lease }) => lease), 0, this.settings);
    for (const work of works) {
      log.warn('lease.lost', { replyId: work.lease.replyId });
      this.leaseMetrics?.lost('generation');
      work.endBy('lost');
    }
  }

  private async sweep(): Promise<void> {
    const room = this.settings.concurrency - this.works.size;
    if (room <= 0) return;
    const taken = await this.leases.take(room, [...this.works.values()].map(({ lease }) => lease), this.settings);
    if (taken.length > 0) await failpoint('s5.after_takeover');
    // The first taker of one that nobody had room for takes it from nobody.
    for (const { fence } of taken) if (fence > 1n) this.leaseMetrics?.taken('generation');
    for (const lease of taken) this.begin(new GenerationWork(lease, undefined, lease));
  }

  private begin(work: GenerationWork): void {
    const name = nameOf(work.lease);
    this.works.set(name, work);
    const mine = this.run(work).finally(() => {
      this.underWay.delete(mine);
      if (this.works.get(name) === work) this.works.delete(name);
    });
    this.underWay.add(mine);
  }

  private async run(work: GenerationWork): Promise<void> {
    try {
      if (!(await this.runner.run(work))) return;
      await failpoint('s9.before_lease_end');
      await this.leases.end(work.lease);
    } catch (error) {
      // The lease runs out, and whoever takes it tries again.
      log.error('generation.left', { replyId: work.lease.replyId, error: error as Error });
    }
  }

  private async resume(lane: number): Promise<bigint> {
    const known = this.positions.get(lane);
    if (known !== undefined) return known;
    const { storeId, epoch } = this.events.identity;
    const [checkpoint] = await this.memory.checkpoints([NAME], lane);
    if (checkpoint && (checkpoint.storeId !== storeId || checkpoint.epoch !== epoch)) throw new ForeignCheckpoint(NAME);
    const position = checkpoint?.position ?? 0n;
    this.positions.set(lane, position);
    this.saved.set(lane, position);
    return position;
  }

  private async save(): Promise<void> {
    const moved = [...this.positions].filter(([lane, position]) => this.saved.get(lane) !== position);
    if (moved.length === 0) return;
    await this.memory.save(moved.map(([lane, position]) => ({ reactor: NAME, lane, position, ...this.events.identity })));
    for (const [lane, position] of moved) this.saved.set(lane, position);
  }

  private async every(ms: number, what: string, work: () => Promise<void>): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      await delay(ms, undefined, { signal, ref: false }).catch(() => undefined);
      if (!signal.aborted) await work().catch((error: unknown) => log.warn(`runtime.${what}-failed`, { error: error as Error }));
    }
  }
}

const keyOf = ({ data, meta }: Wanted): GenerationKey => ({ tenantId: meta.tenantId, replyId: data.replyId });
