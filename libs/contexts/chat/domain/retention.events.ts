import { defineEvent, type EventOf } from '@parley/kernel/event.js';
import { id, instant } from '@parley/kernel/meta.js';
import { z } from 'zod';

/** What a rule is about. `conversations`: hidden when nobody has spoken in them for so long. `sessions`: ended so long after sign-in, however often they were used. */
export const RETENTION_KINDS = ['conversations', 'sessions'] as const;
export const retentionKind = z.enum(RETENTION_KINDS);
export type RetentionKind = z.output<typeof retentionKind>;

/** Days that a rule may name: ten years at most. */
export const retentionDays = z.int().min(1).max(3_650);

/** Someone said how long the tenant keeps things of a kind; null: for ever. The scheduler goes by it (react/keep-retention). */
export const RetentionRuleSet = defineEvent(
  'RetentionRuleSet',
  z.object({ tenantId: id, kind: retentionKind, afterDays: retentionDays.nullable(), setBy: id, setAt: instant }),
);

/** The scheduler went by a rule, and it concerned something: each thing has a fact of its own besides. */
export const RetentionApplied = defineEvent(
  'RetentionApplied',
  z.object({ tenantId: id, kind: retentionKind, afterDays: retentionDays, hidden: z.int().positive(), appliedAt: instant }),
);

export type RetentionEvent = EventOf<typeof RetentionRuleSet | typeof RetentionApplied>;
