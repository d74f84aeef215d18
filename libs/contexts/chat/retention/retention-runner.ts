import { setTimeout as delay } from 'node:timers/promises';
import { Clock } from '@parley/platform/clock/clock.js';
import { defineConfig } from '@parley/platform/config/config.js';
import { CommandSender } from '@parley/platform/cqrs/command-sender.js';
import { failpoint } from '@parley/platform/failpoints/failpoints.js';
import { Random } from '@parley/platform/random/random.js';
import { RetentionWorks } from '@parley/platform/retention/retention-works.js';
import { logger } from '@parley/platform/telemetry/logger.js';
import { type BeforeApplicationShutdown, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { z } from 'zod';
import { RecordRetention } from '../domain/retention.commands.js';
import { type DueRule, RetentionTable } from '../write/retention-table.js';
import { systemMeta } from './system-meta.js';

export const retentionConfig = defineConfig({
  PARLEY_RETENTION_EVERY_MS: z.union([z.literal('0').transform(() => 0), z.coerce.number().int().min(100)]).default(3_600_000).describe('how often each rule of retention is gone by; 0: not by this process, where another gateway does'),
});

const DAY_MS = 86_400_000;
/** How often we look whether a rule is due, at most. */
const LOOK_MS = 10_000;
const log = logger('retention');

/** Goes by the tenants' rules, for as long as the process runs: of several processes one at a time for each rule. */
@Injectable()
export class RetentionRunner implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly stopping = new AbortController();
  private running: Promise<void> = Promise.resolve();

  constructor(
    private readonly table: RetentionTable,
    private readonly works: RetentionWorks,
    private readonly commands: CommandSender,
    private readonly clock: Clock,
    private readonly random: Random,
  ) {}

  onApplicationBootstrap(): void {
    const { PARLEY_RETENTION_EVERY_MS: everyMs } = retentionConfig.read();
    if (everyMs > 0) this.running = this.run(everyMs);
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  private async run(everyMs: number): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      try {
        for (let rule = await this.table.take(everyMs); rule && !signal.aborted; rule = await this.table.take(everyMs)) await this.goBy(rule);
      } catch (error) {
        log.warn('retention.failed', { error: error as Error }); // the rule is due again in a while, and what was done stays done
      }
      await delay(Math.min(everyMs, LOOK_MS), undefined, { signal, ref: false }).catch(() => undefined);
    }
  }

  private async goBy({ tenantId, kind, afterDays }: DueRule): Promise<void> {
    const since = new Date(this.clock.now().getTime() - afterDays * DAY_MS);
    const hidden = await this.works.of(kind)({ tenantId, afterDays, since, signal: this.stopping.signal });
    if (hidden === 0) return;
    await failpoint('retention.before_record');
    await this.commands.send(new RecordRetention({ tenantId, kind, afterDays, hidden }, systemMeta(tenantId, this.clock, this.random)));
    log.info('retention.applied', { tenantId, kind, afterDays, hidden });
  }
}
