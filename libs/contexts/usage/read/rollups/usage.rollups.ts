import { defineRollup } from '@parley/kernel/rollup.js';
import { SummedRow } from '@parley/platform/read-model/tenant-row.js';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { UsageRow } from '../replies/replies.row.js';

/** What replies consumed together. `rows` is how many there are, those still being made among them. */
abstract class UsageSums extends SummedRow {
  @Column('bigint') completed: bigint;
  @Column('bigint') stopped: bigint;
  @Column('bigint') failed: bigint;
  /** Calls of providers: attempts, those that came to nothing among them. */
  @Column('bigint') calls: bigint;
  @Column('bigint') inputTokens: bigint;
  @Column('bigint') cachedInputTokens: bigint;
  @Column('bigint') outputTokens: bigint;
  @Column('bigint') reasoningTokens: bigint;
  /** Of all classes, where the provider did not count and we did. They are in the classes above too. */
  @Column('bigint') estimatedTokens: bigint;
  @Column('bigint') costMicroUsd: bigint;
  @Column('bigint') wastedTokens: bigint;
  @Column('bigint') wastedCostMicroUsd: bigint;
  /** Replies whose model has no price: they cost nothing here. */
  @Column('bigint') unpriced: bigint;
}

/** One row for a day (UTC), an agent, a person, a provider and a model. */
@Entity({ schema: 'usage', name: 'usage_daily' })
export class UsageDailyRow extends UsageSums {
  @PrimaryColumn('date') day: string;
  @PrimaryColumn('uuid') agentId: string;
  @PrimaryColumn('uuid') personId: string;
  @PrimaryColumn('text') provider: string;
  @PrimaryColumn('text') model: string;
}

/** One row for a day (UTC), an agent, a provider and a model: for whoever does not ask who, however many people there are. */
@Entity({ schema: 'usage', name: 'usage_daily_by_agent' })
export class UsageDailyByAgentRow extends UsageSums {
  @PrimaryColumn('date') day: string;
  @PrimaryColumn('uuid') agentId: string;
  @PrimaryColumn('text') provider: string;
  @PrimaryColumn('text') model: string;
}

/** One row for an hour (UTC) of a day, an agent, a person, a provider and a model. */
@Entity({ schema: 'usage', name: 'usage_hourly' })
export class UsageHourlyRow extends UsageSums {
  @PrimaryColumn('date') day: string;
  /** 0 to 23. */
  @PrimaryColumn('int') hour: number;
  @PrimaryColumn('uuid') agentId: string;
  @PrimaryColumn('uuid') personId: string;
  @PrimaryColumn('text') provider: string;
  @PrimaryColumn('text') model: string;
}

/** What replies consumed on a day (UTC), by agent, person, provider and model. */
export const usageDaily = defineRollup<UsageRow, UsageDailyRow, 'day' | 'agentId' | 'personId' | 'provider' | 'model'>({
  name: 'usage.usage_daily',
  row: UsageDailyRow,
  adds: (reply) => {
    const { day, agentId, personId, provider, model } = reply;
    return [{ key: { day, agentId, personId, provider, model }, sums: consumed(reply) }];
  },
});

/** What replies consumed on a day (UTC), by agent, provider and model. */
export const usageDailyByAgent = defineRollup<UsageRow, UsageDailyByAgentRow, 'day' | 'agentId' | 'provider' | 'model'>({
  name: 'usage.usage_daily_by_agent',
  row: UsageDailyByAgentRow,
  adds: (reply) => {
    const { day, agentId, provider, model } = reply;
    return [{ key: { day, agentId, provider, model }, sums: consumed(reply) }];
  },
});

/** What replies consumed in an hour (UTC), by agent, person, provider and model. */
export const usageHourly = defineRollup<UsageRow, UsageHourlyRow, 'day' | 'hour' | 'agentId' | 'personId' | 'provider' | 'model'>({
  name: 'usage.usage_hourly',
  row: UsageHourlyRow,
  adds: (reply) => {
    const { day, agentId, personId, provider, model } = reply;
    const hour = (reply.settledAt ?? reply.startedAt).getUTCHours(); // of the same instant as `day`
    return [{ key: { day, hour, agentId, personId, provider, model }, sums: consumed(reply) }];
  },
});

function consumed({ status, attempts, isEstimated, priceVersion, inputTokens, cachedInputTokens, outputTokens, reasoningTokens, costMicroUsd, wastedTokens, wastedCostMicroUsd }: UsageRow) {
  const tokens = inputTokens + cachedInputTokens + outputTokens + reasoningTokens;
  return {
    completed: status === 'completed' ? 1 : 0,
    stopped: status === 'stopped' ? 1 : 0,
    failed: status === 'failed' ? 1 : 0,
    calls: attempts,
    inputTokens,
    cachedInputTokens,
    outputTokens,
    reasoningTokens,
    estimatedTokens: isEstimated ? tokens : 0,
    costMicroUsd,
    wastedTokens,
    wastedCostMicroUsd,
    unpriced: priceVersion === null && tokens > 0 ? 1 : 0,
  };
}
