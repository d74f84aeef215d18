import { Databases } from '@parley/platform/postgres/databases.js';
import { writeSideTable } from '@parley/platform/postgres/write-side-table.js';
import { Injectable } from '@nestjs/common';
import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { KeepRetentionRule } from '../domain/retention.commands.js';
import type { RetentionKind } from '../domain/retention.events.js';

/** The rules of all tenants, and when each is to be gone by next. Follows from the facts. */
export const retentionTable = writeSideTable({
  name: 'chat.retention_schedule',
  tenant: true,
  columns: 'kind text not null, after_days int not null, due_at timestamptz not null',
  primaryKey: ['kind'],
  indexes: [{ name: 'retention_schedule_by_due', on: '(due_at)' }],
});

/** A rule whose time has come. */
export interface DueRule {
  readonly tenantId: string;
  readonly kind: RetentionKind;
  readonly afterDays: number;
}

@Injectable()
export class RetentionTable {
  constructor(private readonly databases: Databases) {}

  async keep(tenantId: string, kind: RetentionKind, afterDays: number | null): Promise<void> {
    if (afterDays === null) {
      await this.databases.writer.query('delete from chat.retention_schedule where tenant_id = $1 and kind = $2', [tenantId, kind]);
      return;
    }
    const text = `insert into chat.retention_schedule as kept (tenant_id, kind, after_days, due_at) values ($1, $2, $3, now())
      on conflict (tenant_id, kind) do update set after_days = excluded.after_days, due_at = now()`;
    await this.databases.writer.query(text, [tenantId, kind, afterDays]);
  }

  /** Takes one rule that is due: no other process gets it until it is due again. */
  async take(everyMs: number): Promise<DueRule | undefined> {
    const text = `update chat.retention_schedule set due_at = now() + $1 * interval '1 millisecond'
      where (tenant_id, kind) in (select tenant_id, kind from chat.retention_schedule where due_at <= now() order by due_at limit 1 for update skip locked)
      returning tenant_id as "tenantId", kind, after_days as "afterDays"`;
    return (await this.databases.writer.query<DueRule>(text, [everyMs])).rows[0];
  }
}

@CommandHandler(KeepRetentionRule)
export class KeepRetentionRuleHandler implements ICommandHandler<KeepRetentionRule> {
  constructor(private readonly table: RetentionTable) {}

  async execute({ data: { kind, afterDays }, meta }: KeepRetentionRule): Promise<void> {
    await this.table.keep(meta.tenantId, kind, afterDays);
  }
}
