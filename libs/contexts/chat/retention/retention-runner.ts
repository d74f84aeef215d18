import { setTimeout as delay } from 'node:timers/promises';
import type { Meta } from '@parley/kernel/meta.js';
import { Clock } from '@parley/platform/clock/clock.js';
import { defineConfig } from '@parley/platform/config/config.js';
import { CommandSender } from '@parley/platform/cqrs/command-sender.js';
import { EventStore } from '@parley/platform/event-store/event-store.js';
import { failpoint } from '@parley/platform/failpoints/failpoints.js';
import { Random } from '@parley/platform/random/random.js';
import { logger } from '@parley/platform/telemetry/logger.js';
import { type BeforeApplicationShutdown, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import { z } from 'zod';
import { ExpireConversation } from '../domain/conversation.commands.js';
import { ConversationExpired } from '../domain/conversation.events.js';
import { RecordRetention } from '../domain/retention.commands.js';
import { ListIdleConversations } from '../read/conversations/list-idle-conversations.query.js';
import { type DueRule, RetentionTable } from '../write/retention-table.js';

export const retentionConfig = defineConfig({
  PARLEY_RETENTION_EVERY_MS: z.coerce.number().int().min(100).default(3_600_000).describe('how often each rule of retention is gone by'),
});

/** Conversations that are looked at in one go. */
const PAGE = 500;
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
    private readonly queries: QueryBus,
    private readonly commands: CommandSender,
    private readonly store: EventStore,
    private readonly clock: Clock,
    private readonly random: Random,
  ) {}

  onApplicationBootstrap(): void {
    this.running = this.run(retentionConfig.read().PARLEY_RETENTION_EVERY_MS);
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
    const now = this.clock.now();
    const idleSince = new Date(now.getTime() - afterDays * DAY_MS);
    let hidden = 0;
    for (let after: string | undefined; !this.stopping.signal.aborted; ) {
      const idle: readonly string[] = await this.queries.execute(new ListIdleConversations(tenantId, idleSince, after, PAGE));
      for (const conversationId of idle) if (await this.expire(tenantId, conversationId, idleSince, afterDays)) hidden++;
      after = idle.at(-1);
      if (idle.length < PAGE) break;
    }
    if (hidden === 0) return;
    await failpoint('retention.before_record');
    await this.commands.send(new RecordRetention({ tenantId, kind, afterDays, hidden }, this.meta(tenantId)));
    log.info('retention.applied', { tenantId, kind, afterDays, hidden });
  }

  /** @returns whether it was hidden: its own stream says how long nobody has spoken */
  private async expire(tenantId: string, conversationId: string, idleSince: Date, afterDays: number): Promise<boolean> {
    const command = new ExpireConversation({ conversationId, idleSince: idleSince.toISOString(), afterDays }, this.meta(tenantId));
    await failpoint('retention.before_expire');
    const { stream } = await this.commands.send(command);
    const [last] = await this.store.readBackwards(stream, { limit: 1 });
    return last?.type === ConversationExpired.type;
  }

  private meta(tenantId: string): Meta {
    const now = this.clock.now();
    const commandId = this.random.id(now);
    return { tenantId, actor: { kind: 'system', id: 'chat.retention', role: 'system' }, now: now.toISOString(), commandId, correlationId: commandId };
  }
}
