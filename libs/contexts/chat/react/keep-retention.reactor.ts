import type { EventOf } from '@parley/kernel/event.js';
import { defineReactor } from '@parley/kernel/reactor.js';
import { KeepRetentionRule } from '../domain/retention.commands.js';
import { RetentionRuleSet } from '../domain/retention.events.js';

/** A rule that was set is the one that the scheduler goes by. */
export const keepRetention = defineReactor<EventOf<typeof RetentionRuleSet>>({
  name: 'chat.keep-retention',
  events: { RetentionRuleSet },
  on: { RetentionRuleSet: ({ data: { kind, afterDays } }, meta) => [new KeepRetentionRule({ kind, afterDays }, meta())] },
});
