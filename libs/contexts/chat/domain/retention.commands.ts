import { defineCommand } from '@parley/kernel/command.js';
import { id } from '@parley/kernel/meta.js';
import { z } from 'zod';
import { retentionDays, retentionKind } from './retention.events.js';

/** Says how long the tenant keeps things of a kind. Owners may. The same rule again changes nothing. */
export class SetRetentionRule extends defineCommand('SetRetentionRule', z.object({ tenantId: id, kind: retentionKind, afterDays: retentionDays.nullable() })) {}

/** From the scheduler: it went by a rule. */
export class RecordRetention extends defineCommand(
  'RecordRetention',
  z.object({ tenantId: id, kind: retentionKind, afterDays: retentionDays, hidden: z.int().positive() }),
) {}

/** From the reactor: the scheduler is to go by the rule. */
export class KeepRetentionRule extends defineCommand('KeepRetentionRule', z.object({ kind: retentionKind, afterDays: retentionDays.nullable() })) {}

export type RetentionCommand = SetRetentionRule | RecordRetention;
