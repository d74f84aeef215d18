import { setTimeout as delay } from 'node:timers/promises';
import { EventLog } from '@parley/platform/event-log/event-log.js';
import { logger } from '@parley/platform/telemetry/logger.js';
import { type BeforeApplicationShutdown, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { usageReplies } from '../read/replies/replies.projection.js';

const RETRY_MS = 1_000;
const log = logger('usage');

/** Which tenants' usage changes, for all who watch in this process: the log is followed once, and only looked at by type. */
@Injectable()
export class UsageNews implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly watchers = new Map<string, Set<(position: bigint) => void>>();
  private readonly stopping = new AbortController();
  private readonly positions = new Map<number, bigint>();
  private running: Promise<void>;

  constructor(private readonly events: EventLog) {}

  onApplicationBootstrap(): void {
    this.running = this.run();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  /** Calls back with the position of each fact that changes the tenant's usage from now on. @returns ends the watch */
  watch(tenantId: string, told: (position: bigint) => void): () => void {
    const watchers = this.watchers.get(tenantId) ?? new Set();
    this.watchers.set(tenantId, watchers.add(told));
    return () => {
      watchers.delete(told);
      if (watchers.size === 0) this.watchers.delete(tenantId);
    };
  }

  private async run(): Promise<void> {
    const { signal } = this.stopping;
    // A name of its own: every process has readers, so every process must hear everything.
    const name = `usage.news.${crypto.randomUUID()}`;
    while (!signal.aborted) {
      try {
        for await (const { lane, facts } of this.events.follow({ name, after: (each) => this.resume(each), signal })) {
          for (const { tenantId, type, position } of facts) {
            if (Object.hasOwn(usageReplies.events, type)) for (const told of this.watchers.get(tenantId) ?? []) told(position);
          }
          this.positions.set(lane, facts.at(-1)?.position ?? this.positions.get(lane)!);
        }
      } catch (error) {
        log.error('usage-news.failed', { error: error as Error });
        await delay(RETRY_MS, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  /** It begins at the end of the log: what was before is in the tables. */
  private async resume(lane: number): Promise<bigint> {
    const position = this.positions.get(lane) ?? (await this.events.head());
    this.positions.set(lane, position);
    return position;
  }
}
