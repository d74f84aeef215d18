import { defineDecider } from '@parley/kernel/decider.js';
import { defineError } from '@parley/kernel/domain-error.js';
import { RecordRetention, type RetentionCommand, SetRetentionRule } from './retention.commands.js';
import { RetentionApplied, type RetentionEvent, type RetentionKind, RetentionRuleSet } from './retention.events.js';

export class RetentionNotAllowed extends defineError(
  'CHAT_RETENTION_NOT_ALLOWED',
  'forbidden',
  'Your role may not say how long the tenant keeps things.',
  'Ask an owner of the tenant.',
) {}

export type Retention = Readonly<Partial<Record<RetentionKind, number | null>>>;

/** How long a tenant keeps what, by kind. What no rule names is kept. */
export const retention = defineDecider<Retention, RetentionCommand, RetentionEvent>({
  category: 'chat.retention',
  commands: { SetRetentionRule, RecordRetention },
  events: { RetentionRuleSet, RetentionApplied },
  id: (command) => command.data.tenantId,

  initialState: {},

  decide: {
    SetRetentionRule({ data, meta }, state) {
      if (meta.actor.role !== 'tenant-owner' && meta.actor.role !== 'platform-admin') throw new RetentionNotAllowed();
      if ((state[data.kind] ?? null) === data.afterDays) return [];
      return [RetentionRuleSet({ ...data, setBy: meta.actor.id, setAt: meta.now })];
    },

    RecordRetention: ({ data, meta }) => [RetentionApplied({ ...data, appliedAt: meta.now })],
  },

  evolve: {
    RetentionRuleSet: (state, { data }) => ({ ...state, [data.kind]: data.afterDays }),
    RetentionApplied: (state) => state,
  },
});
