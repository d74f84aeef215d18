import { setTimeout as delay } from 'node:timers/promises';
import { type BeforeApplicationShutdown, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { Clock } from '@parley/platform/clock/clock.js';
import { InTurn } from '@parley/platform/cqrs/in-turn.js';
import { EventLog } from '@parley/platform/event-log/event-log.js';
import { StoreReplaced } from '@parley/platform/event-store/event-store.js';
import { connectClient } from '@parley/platform/postgres/connect.js';
import { Databases } from '@parley/platform/postgres/databases.js';
import { logger } from '@parley/platform/telemetry/logger.js';
import type { Client } from 'pg';
import { Anchors } from '../anchors/anchor.js';
import { ChainWriter } from './chain-writer.js';
import { HeadPublisher } from './head-publisher.js';
import { type HeadSettings, HeadSigner, readHeadSettings } from './head-signer.js';
import { SigningKey } from './signing-key.js';

/** Facts that came one by one are chained together: nobody waits for a link, and a hundred cost little more than one. Short enough that what comes meanwhile is still in memory. */
const LINGER_MS = 50;
const AT_ONCE = 1_000;

/** How often is looked whether someone waits for a head, and whether a day is over. */
const SWEEP_MS = 250;
const DUE_MS = 5_000;

/** How long to wait before another try: another process has the lease, or the database is away. */
const RETRY_MS = 1_000;

const log = logger('audit');

/** What health is told: `waiting`, another process chains; `refused`, the log ends before what was chained: somebody cut it. */
export type ChainState = 'starting' | 'waiting' | 'running' | 'refused' | 'stopped';

interface Parts {
  readonly writer: ChainWriter;
  readonly signer: HeadSigner;
  readonly publisher: HeadPublisher;
}

/**
 * Chains each fact of the log, and signs heads. One process of all does it: the one whose connection holds the lock, and through that
 * very connection, so whoever lost the lock can write no more.
 */
@Injectable()
export class ChainKeeper implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private state: ChainState = 'starting';
  /** Why heads are not kept outside; undefined when they are. */
  private anchorFailure: string | undefined;
  private readonly stop = new AbortController();
  private readonly turns = new InTurn();
  private readonly settings: HeadSettings = readHeadSettings();
  private running = Promise.resolve();

  constructor(
    private readonly events: EventLog,
    private readonly databases: Databases,
    private readonly key: SigningKey,
    private readonly anchors: Anchors,
    private readonly clock: Clock,
  ) {}

  onApplicationBootstrap(): void {
    this.running = this.run();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stop.abort();
    await this.running;
    this.state = 'stopped';
  }

  /** In the form of a health check: a person must look when nothing is chained, or heads are not kept outside. */
  async health(): Promise<{ status: 'up' | 'degraded'; details: Record<string, unknown> }> {
    const isWell = (this.state === 'running' || this.state === 'waiting') && this.anchorFailure === undefined;
    return { status: isWell ? 'up' : 'degraded', details: { state: this.state, ...(this.anchorFailure && { anchor: this.anchorFailure }) } };
  }

  private async run(): Promise<void> {
    const { signal } = this.stop;
    let said: string | undefined;
    while (!signal.aborted) {
      try {
        await this.round();
        said = undefined;
      } catch (error) {
        this.state = error instanceof StoreReplaced ? 'refused' : 'starting';
        const { message } = error as Error;
        if (said !== message) log.error('audit-chain.failed', { error: error as Error }); // once, not each second
        said = message;
      }
      await delay(RETRY_MS, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }

  /** Until the connection is lost, or the process stops. */
  private async round(): Promise<void> {
    const client = await connectClient(this.databases.urls.writer);
    const end = new AbortController();
    const signal = AbortSignal.any([this.stop.signal, end.signal]);
    client.once('end', () => end.abort());
    try {
      if (!(await isLeased(client))) {
        this.state = 'waiting';
        return;
      }
      await client.query('set synchronous_commit = off'); // links follow from the log: what a crash takes is chained again
      const parts = this.partsOn(client);
      await parts.signer.showKey();
      this.state = 'running';
      await together(end, [this.follow(parts, signal), this.sweep(parts, signal)]);
    } finally {
      await client.end().catch(() => undefined);
    }
  }

  private partsOn(client: Client): Parts {
    const { identity } = this.events;
    return { writer: new ChainWriter(client, identity), signer: new HeadSigner(client, this.key, identity, this.clock, this.settings), publisher: new HeadPublisher(client, this.anchors) };
  }

  private async follow({ writer, signer }: Parts, signal: AbortSignal): Promise<void> {
    const after = (lane: number) => this.turns.run('chain', () => writer.begin(lane));
    for await (const delivery of this.events.follow({ name: 'audit.chain', after, limit: AT_ONCE, signal })) {
      await this.turns.run('chain', async () => {
        const unsigned = await writer.take(delivery);
        for (const [tenantId, count] of unsigned) {
          if (count < this.settings.mostFacts) continue;
          await signer.sign(tenantId);
          writer.forget(tenantId);
        }
      });
      if (delivery.facts.length < AT_ONCE) await delay(LINGER_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  private async sweep({ writer, signer, publisher }: Parts, signal: AbortSignal): Promise<void> {
    for (let dueAt = 0; !signal.aborted; ) {
      const isDue = performance.now() >= dueAt;
      if (isDue) dueAt = performance.now() + DUE_MS;
      await this.turns.run('chain', async () => {
        for (const tenantId of [...(await signer.signWished()), ...(isDue ? await signer.signDue() : [])]) writer.forget(tenantId);
        await publisher.publish();
        this.anchorFailure = publisher.failure;
      });
      await delay(SWEEP_MS, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }
}

/** The lock goes with the connection. */
async function isLeased(client: Client): Promise<boolean> {
  const { rows } = await client.query<{ leased: boolean }>("select pg_try_advisory_lock(hashtext('parley.audit.chain')) as leased");
  return rows[0]!.leased;
}

/** Settles when all have; the first that fails or ends, ends the others. */
async function together(end: AbortController, works: readonly Promise<void>[]): Promise<void> {
  const settled = await Promise.allSettled(works.map((work) => work.finally(() => end.abort())));
  const failed = settled.find((each) => each.status === 'rejected');
  if (failed) throw failed.reason;
}
