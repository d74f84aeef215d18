import { setTimeout as delay } from 'node:timers/promises';
import type { EventOf, Fact } from '@parley/kernel/event.js';
import { type BeforeApplicationShutdown, Injectable, Module, type OnApplicationBootstrap } from '@nestjs/common';
import type { StoredFact } from '../event-store/event-store.js';
import { Codec } from '../personal-data/codec.js';
import { type Definitions, shapesOf } from '../personal-data/fact-shape.js';
import { Undecodable } from '../personal-data/undecodable.js';
import { logger } from '../telemetry/logger.js';
import { EventLog } from './event-log.js';

const RETRY_MS = 1_000;
const log = logger('fact-news');

/** The facts that definitions name. */
type FactOf<D extends Definitions> = Fact<EventOf<D[keyof D]>>;

interface Hearer {
  readonly definitions: Definitions;
  readonly told: (stored: readonly StoredFact[]) => Promise<void> | void;
}

/**
 * Tells one process what is said in the log from its start on, in the order of the log. Every process hears everything: this is for what
 * a process remembers or holds open. What must happen once, and after a crash too, is a reactor's. The log is followed once for all
 * who hear.
 */
@Injectable()
export class FactNews implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly hearers: Hearer[] = [];
  private readonly stopping = new AbortController();
  private readonly positions = new Map<number, bigint>();
  private running: Promise<void> = Promise.resolve();

  constructor(private readonly log: EventLog, private readonly codec: Codec) {}

  /**
   * For a constructor: who comes later hears less.
   *
   * @param definitions of the facts that matter; their personal fields come sealed
   */
  hear<D extends Definitions>(definitions: D, told: (fact: FactOf<D>) => void): void {
    this.hearStored(definitions, async (stored) => {
      for (const fact of await this.codec.decode(stored, definitions, { open: false })) {
        if (fact instanceof Undecodable) log.warn('fact-news.undecodable', { position: fact.stored.position, reason: fact.reason });
        else told(fact as unknown as FactOf<D>);
      }
    });
  }

  /** As `hear`, for those to whom it is enough that something was said. */
  hearStored(definitions: Definitions, told: Hearer['told']): void {
    this.hearers.push({ definitions, told });
  }

  onApplicationBootstrap(): void {
    if (this.hearers.length > 0) this.running = this.run();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  private async run(): Promise<void> {
    const { signal } = this.stopping;
    const name = `news.${crypto.randomUUID()}`; // its own: whoever shares a name shares the facts out
    while (!signal.aborted) {
      try {
        for await (const { lane, facts, through } of this.log.follow({ name, after: (each) => this.resume(each), signal })) {
          for (const hearer of this.hearers) await this.tell(hearer, facts);
          this.positions.set(lane, through);
        }
      } catch (error) {
        log.error('fact-news.failed', { error: error as Error });
        await delay(RETRY_MS, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  /** It begins at the end of the log: what was before is in the read models. */
  private async resume(lane: number): Promise<bigint> {
    const position = this.positions.get(lane) ?? (await this.log.head());
    this.positions.set(lane, position);
    return position;
  }

  /** One who fails to take something in must not keep it from the others. */
  private async tell({ definitions, told }: Hearer, facts: readonly StoredFact[]): Promise<void> {
    const shapes = shapesOf(definitions);
    const wanted = facts.filter(({ type }) => shapes.has(type));
    if (wanted.length === 0) return;
    try {
      await told(wanted);
    } catch (error) {
      log.error('fact-news.not-taken', { types: [...shapes.keys()].join(), error: error as Error });
    }
  }
}

/** Imported by whoever hears; a process has one. */
@Module({ providers: [FactNews], exports: [FactNews] })
export class FactNewsModule {}
