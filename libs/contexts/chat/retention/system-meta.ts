import type { Meta } from '@parley/kernel/meta.js';
import type { Clock } from '@parley/platform/clock/clock.js';
import type { Random } from '@parley/platform/random/random.js';

/** Of a command that the scheduler gives. */
export function systemMeta(tenantId: string, clock: Clock, random: Random): Meta {
  const now = clock.now();
  const commandId = random.id(now);
  return { tenantId, actor: { kind: 'system', id: 'chat.retention', role: 'system' }, now: now.toISOString(), commandId, correlationId: commandId };
}
