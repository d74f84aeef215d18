import { Clock } from '@parley/platform/clock/clock.js';
import { CommandSender } from '@parley/platform/cqrs/command-sender.js';
import { EventStore } from '@parley/platform/event-store/event-store.js';
import { failpoint } from '@parley/platform/failpoints/failpoints.js';
import { Random } from '@parley/platform/random/random.js';
import { type RetentionTask, RetentionWorks } from '@parley/platform/retention/retention-works.js';
import { Injectable } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import { ExpireConversation } from '../domain/conversation.commands.js';
import { ConversationExpired } from '../domain/conversation.events.js';
import { ListIdleConversations } from '../read/conversations/list-idle-conversations.query.js';
import { systemMeta } from './system-meta.js';

/** Conversations that are looked at in one go. */
const PAGE = 500;

/** Hides conversations in which nobody has spoken. */
@Injectable()
export class IdleConversations {
  constructor(
    works: RetentionWorks,
    private readonly queries: QueryBus,
    private readonly commands: CommandSender,
    private readonly store: EventStore,
    private readonly clock: Clock,
    private readonly random: Random,
  ) {
    works.register('conversations', (task) => this.expireAll(task));
  }

  private async expireAll({ tenantId, afterDays, since, signal }: RetentionTask): Promise<number> {
    let hidden = 0;
    for (let after: string | undefined; !signal.aborted; ) {
      const idle: readonly string[] = await this.queries.execute(new ListIdleConversations(tenantId, since, after, PAGE));
      for (const conversationId of idle) if (await this.expire(tenantId, conversationId, since, afterDays)) hidden++;
      after = idle.at(-1);
      if (idle.length < PAGE) break;
    }
    return hidden;
  }

  /** @returns whether it was hidden: its own stream says how long nobody has spoken */
  private async expire(tenantId: string, conversationId: string, idleSince: Date, afterDays: number): Promise<boolean> {
    await failpoint('retention.before_expire');
    const meta = systemMeta(tenantId, this.clock, this.random);
    const { stream } = await this.commands.send(new ExpireConversation({ conversationId, idleSince: idleSince.toISOString(), afterDays }, meta));
    const [last] = await this.store.readBackwards(stream, { limit: 1 });
    return last?.type === ConversationExpired.type;
  }
}
