import type { FailureReason, FinishReason, Outcome } from '@parley/kernel/metering.js';
import { TenantRow } from '@parley/platform/read-model/tenant-row.js';
import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** Why an attempt came to nothing, and when: ISO 8601, UTC. */
export interface AttemptFailure {
  readonly reason: FailureReason;
  readonly failedAt: string;
}

/**
 * What one reply consumed, from the moment its generation starts. The tokens and the cost are those of the attempt that was settled;
 * what earlier attempts consumed for nothing stands apart, as `wasted…`. No text of anybody.
 */
@Entity({ schema: 'usage', name: 'replies' })
@Index(['tenantId', 'startedAt', 'replyId'])
@Index(['tenantId', 'personId', 'startedAt', 'replyId'])
@Index(['tenantId', 'day'])
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
  /** The attempts that came to nothing, in their order. */
  @Column('jsonb') failures: readonly AttemptFailure[];
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
