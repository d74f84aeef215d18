import type { EventOf } from '@parley/kernel/event.js';
import type { FailureReason, FinishReason, Outcome } from '@parley/kernel/metering.js';
import { defineProjection } from '@parley/kernel/projection.js';
import { TenantRow } from '@parley/platform/read-model/tenant-row.js';
import {
  AttemptFailed,
  AttemptStarted,
  GenerationCompleted,
  GenerationFailed,
  GenerationStarted,
  GenerationStopped,
} from '@parley/inference/contract.js';
import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/**
 * What one reply consumed, from the moment its generation starts. The tokens and the cost are those of the attempt that was settled;
 * what earlier attempts consumed for nothing stands apart, as `wasted…`. No text of anybody.
 */
@Entity({ schema: 'usage', name: 'replies' })
@Index(['tenantId', 'startedAt', 'replyId'])
@Index(['tenantId', 'personId', 'startedAt', 'replyId'])
export class UsageRow extends TenantRow {
  @PrimaryColumn('uuid') replyId: string;
  @Column('uuid') conversationId: string;
  @Column('uuid') messageId: string;
  @Column('uuid') personId: string;
  @Column('uuid') agentId: string;
  @Column('int') promptVersion: number;
  /** Keyed hash of the prompt of the last attempt. */
  @Column('text', { nullable: true }) promptHash: string | null;
  @Column('text') provider: string;
  @Column('text') model: string;
  @Column('double precision', { nullable: true }) temperature: number | null;
  @Column('int', { nullable: true }) maxOutputTokens: number | null;

  @Column('text') status: 'pending' | Outcome;
  @Column('text', { nullable: true }) finishReason: FinishReason | null;
  @Column('text', { nullable: true }) failureReason: FailureReason | null;
  @Column('int') attempts: number;
  @Column('int') inputTokens: number;
  @Column('int') cachedInputTokens: number;
  @Column('int') outputTokens: number;
  @Column('int') reasoningTokens: number;
  /** True when the provider did not count the tokens and we did. */
  @Column('boolean') isEstimated: boolean;
  @Column('bigint') costMicroUsd: bigint;
  /** Which price made the cost; null when the model has none. */
  @Column('text', { nullable: true }) priceVersion: string | null;
  /** Tokens of all classes of the attempts that came to nothing. */
  @Column('int') wastedTokens: number;
  @Column('bigint') wastedCostMicroUsd: bigint;
  @Column('int', { nullable: true }) firstTokenMs: number | null;
  @Column('int', { nullable: true }) latencyMs: number | null;
  @Column('timestamptz') startedAt: Date;
  @Column('timestamptz', { nullable: true }) settledAt: Date | null;
  /** The day that the usage counts for, in UTC: of the settlement, and of the start until then. */
  @Column('date') day: string;
}

type Settlement = EventOf<typeof GenerationCompleted | typeof GenerationStopped | typeof GenerationFailed>;
type UsageFact = Settlement | EventOf<typeof GenerationStarted | typeof AttemptStarted | typeof AttemptFailed>;

const key = ({ data }: { data: { replyId: string } }) => ({ replyId: data.replyId });
const dayOf = (instant: string) => instant.slice(0, 10);

export const usageReplies = defineProjection<UsageRow, 'replyId', UsageFact>({
  name: 'usage.replies',
  version: 1,
  row: UsageRow,
  events: { GenerationStarted, AttemptStarted, AttemptFailed, GenerationCompleted, GenerationStopped, GenerationFailed },
  on: {
    GenerationStarted: {
      fresh: true,
      key,
      evolve: (_, { data: { startedAt, ...about } }) => ({ ...about, ...NOTHING_YET, startedAt: new Date(startedAt), day: dayOf(startedAt) }),
    },
    AttemptStarted: {
      key,
      evolve: (row, { data: { attempt, promptHash } }) => row && { ...row, attempts: attempt, promptHash },
    },
    AttemptFailed: {
      key,
      evolve: (row, { data: { usage, costMicroUsd } }) =>
        row && {
          ...row,
          wastedTokens: row.wastedTokens + usage.inputTokens + usage.cachedInputTokens + usage.outputTokens + usage.reasoningTokens,
          wastedCostMicroUsd: BigInt(row.wastedCostMicroUsd) + BigInt(costMicroUsd),
        },
    },
    GenerationCompleted: {
      key,
      evolve: (row, { data }) => row && { ...row, ...settled(data), status: 'completed', finishReason: data.finishReason },
    },
    GenerationStopped: { key, evolve: (row, { data }) => row && { ...row, ...settled(data), status: 'stopped' } },
    GenerationFailed: {
      key,
      evolve: (row, { data }) => row && { ...row, ...settled(data), status: 'failed', failureReason: data.failureReason },
    },
  },
});

const NOTHING_YET = {
  promptHash: null,
  status: 'pending',
  finishReason: null,
  failureReason: null,
  attempts: 0,
  inputTokens: 0,
  cachedInputTokens: 0,
  outputTokens: 0,
  reasoningTokens: 0,
  isEstimated: false,
  costMicroUsd: 0n,
  priceVersion: null,
  wastedTokens: 0,
  wastedCostMicroUsd: 0n,
  firstTokenMs: null,
  latencyMs: null,
  settledAt: null,
} as const;

function settled({ usage, costMicroUsd, priceVersion, firstTokenMs, latencyMs, settledAt }: Settlement['data']) {
  const { estimated, ...tokens } = usage;
  return {
    ...tokens,
    isEstimated: estimated,
    costMicroUsd: BigInt(costMicroUsd),
    priceVersion,
    firstTokenMs,
    latencyMs,
    settledAt: new Date(settledAt),
    day: dayOf(settledAt),
  };
}
