import { defineRollup } from '@parley/kernel/rollup.js';
import { SummedRow } from '@parley/platform/read-model/tenant-row.js';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { UsageRow } from '../replies/replies.row.js';

/** One row for a day (UTC), an agent, a provider, a model and a reason: what went wrong on the day. */
@Entity({ schema: 'usage', name: 'errors_daily' })
export class ErrorsDailyRow extends SummedRow {
  @PrimaryColumn('date') day: string;
  @PrimaryColumn('uuid') agentId: string;
  @PrimaryColumn('text') provider: string;
  @PrimaryColumn('text') model: string;
  @PrimaryColumn('text') failureReason: string;
  /** Calls that came to nothing, and after which another may have followed: people may not have noticed. */
  @Column('bigint') failedCalls: bigint;
  /** Replies that ended so: people noticed. */
  @Column('bigint') failedReplies: bigint;
}

/** What went wrong on a day (UTC), by agent, provider, model and reason. */
export const errorsDaily = defineRollup<UsageRow, ErrorsDailyRow, 'day' | 'agentId' | 'provider' | 'model' | 'failureReason'>({
  name: 'usage.errors_daily',
  row: ErrorsDailyRow,
  adds({ agentId, provider, model, day, failures, failureReason }) {
    const of = (on: string, reason: string) => ({ day: on, agentId, provider, model, failureReason: reason });
    const calls = failures.map(({ reason, failedAt }) => ({ key: of(failedAt.slice(0, 10), reason), sums: { failedCalls: 1, failedReplies: 0 } }));
    return failureReason === null ? calls : [...calls, { key: of(day, failureReason), sums: { failedCalls: 0, failedReplies: 1 } }];
  },
});
