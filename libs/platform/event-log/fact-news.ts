import { setTimeout as delay } from 'node:timers/promises';
import type { Fact } from '@parley/kernel/event.js';
import type { Codec } from '../personal-data/codec.js';
import { type Definitions, shapesOf } from '../personal-data/fact-shape.js';
import { Undecodable } from '../personal-data/undecodable.js';
import { logger } from '../telemetry/logger.js';
import type { EventLog } from './event-log.js';

const RETRY_MS = 1_000;
const log = logger('fact-news');

/**
 * Tells one process what is said in the log from now on, in the order of the log. Every process hears everything: this is for what a
 * process remembers or holds open. What must happen once, and after a crash too, is a reactor's.
 */
export class FactNews {
  private readonly stopping = new AbortController();
  private readonly positions = new Map<number, bigint>();
  private running: Promise<void> = Promise.resolve();

  /**
   * @param name who hears, for the logs
   * @param definitions of the facts that matter; their personal fields come sealed
   * @param take must not throw
   */
  constructor(
    private readonly name: string,
    private readonly definitions: Definitions,
    private readonly log: EventLog,
    private readonly codec: Codec,
    private readonly take: (fact: Fact) => void,
  ) {}

  start(): void {
    this.running = this.run();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  private async run(): Promise<void> {
    const { signal } = this.stopping;
    const shapes = shapesOf(this.definitions);
    const name = `${this.name}.${crypto.randomUUID()}`; // its own: whoever shares a name shares the facts out
    while (!signal.aborted) {
      try {
        for await (const { lane, facts, through } of this.log.follow({ name, after: (each) => this.resume(each), signal })) {
          const wanted = facts.filter(({ type }) => shapes.has(type));
          if (wanted.length > 0) for (const fact of await this.codec.decode(wanted, this.definitions, { open: false })) this.tell(fact);
          this.positions.set(lane, through);
        }
      } catch (error) {
        log.error('fact-news.failed', { name: this.name, error: error as Error });
        await delay(RETRY_MS, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  /** It begins at the end of the log. */
  private async resume(lane: number): Promise<bigint> {
    const position = this.positions.get(lane) ?? (await this.log.head());
    this.positions.set(lane, position);
    return position;
  }

  private tell(fact: Fact | Undecodable): void {
    if (fact instanceof Undecodable) log.warn('fact-news.undecodable', { name: this.name, position: fact.stored.position, reason: fact.reason });
    else this.take(fact);
  }
}
