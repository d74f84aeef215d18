import type { EventOf, Fact } from '@parley/kernel/event.js';
import type { FailureReason, FinishReason, Outcome } from '@parley/kernel/metering.js';
import { defineProjection } from '@parley/kernel/projection.js';
import { TenantRow } from '@parley/platform/read-model/tenant-row.js';
import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { MessageSent, RegenerationRequested, ReplyImported, ReplyRecorded } from '../../domain/conversation.events.js';

/** One row for each reply, from the moment it is asked for. What a settled reply says is null while it is pending. */
@Entity({ schema: 'chat', name: 'replies' })
@Index(['tenantId', 'conversationId', 'messageId'])
export class ReplyRow extends TenantRow {
  @PrimaryColumn('uuid') replyId: string;
  @Column('uuid') conversationId: string;
  @Column('uuid') messageId: string;
  @Column('uuid') personId: string;
  @Column('uuid') agentId: string;
  /** The reply that this one was asked for in place of. */
  @Column('uuid', { nullable: true }) replacesReplyId: string | null;
  /** Place in the conversation's stream where it was asked for: of several replies to a message, the last one counts. */
  @Column('bigint') revision: bigint;
  @Column('timestamptz') requestedAt: Date;

  @Column('text') status: 'pending' | Outcome;
  /** Sealed. Of a stopped or failed reply: what there was. */
  @Column('text', { nullable: true }) text: string | null;
  @Column('text', { nullable: true }) finishReason: FinishReason | null;
  @Column('text', { nullable: true }) failureReason: FailureReason | null;
  @Column('int', { nullable: true }) attempt: number | null;
  @Column('text', { nullable: true }) provider: string | null;
  @Column('text', { nullable: true }) model: string | null;
  @Column('int', { nullable: true }) promptVersion: number | null;
  @Column('int', { nullable: true }) inputTokens: number | null;
  @Column('int', { nullable: true }) cachedInputTokens: number | null;
  @Column('int', { nullable: true }) outputTokens: number | null;
  @Column('int', { nullable: true }) reasoningTokens: number | null;
  /** True when the provider did not count the tokens and we did. */
  @Column('boolean', { nullable: true }) usageEstimated: boolean | null;
  @Column('bigint', { nullable: true }) costMicroUsd: bigint | null;
  @Column('int', { nullable: true }) firstTokenMs: number | null;
  @Column('int', { nullable: true }) latencyMs: number | null;
  @Column('timestamptz', { nullable: true }) settledAt: Date | null;
}

const UNSETTLED = {
  status: 'pending',
  text: null,
  finishReason: null,
  failureReason: null,
  attempt: null,
  provider: null,
  model: null,
  promptVersion: null,
  inputTokens: null,
  cachedInputTokens: null,
  outputTokens: null,
  reasoningTokens: null,
  usageEstimated: null,
  costMicroUsd: null,
  firstTokenMs: null,
  latencyMs: null,
  settledAt: null,
} as const;

/** It consumed nothing here. */
const MADE_ELSEWHERE = {
  ...UNSETTLED,
  status: 'completed',
  finishReason: 'stop',
  attempt: 0,
  promptVersion: 0,
  inputTokens: 0,
  cachedInputTokens: 0,
  outputTokens: 0,
  reasoningTokens: 0,
  usageEstimated: false,
  costMicroUsd: 0n,
  latencyMs: 0,
} as const;

const key = ({ data }: { data: { replyId: string } }) => ({ replyId: data.replyId });

export const replies = defineProjection<ReplyRow, 'replyId', EventOf<typeof MessageSent | typeof RegenerationRequested | typeof ReplyRecorded | typeof ReplyImported>>({
  name: 'chat.replies',
  version: 2,
  row: ReplyRow,
  personal: ['text'],
  events: { MessageSent, RegenerationRequested, ReplyRecorded, ReplyImported },
  on: {
    MessageSent: {
      fresh: true,
      key,
      evolve: (_, { data: { conversationId, messageId, agentId, sentBy, sentAt }, revision }) =>
        ({ ...UNSETTLED, conversationId, messageId, agentId, personId: sentBy, replacesReplyId: null, revision, requestedAt: new Date(sentAt) }),
    },
    RegenerationRequested: {
      fresh: true,
      key,
      evolve: (_, { data: { conversationId, messageId, agentId, replacesReplyId, requestedBy, requestedAt }, revision }) =>
        ({ ...UNSETTLED, conversationId, messageId, agentId, personId: requestedBy, replacesReplyId, revision, requestedAt: new Date(requestedAt) }),
    },
    ReplyRecorded: { key, evolve: (row, fact) => row && { ...row, ...settled(fact) } },
    ReplyImported: {
      fresh: true,
      key,
      evolve: (_, { data: { conversationId, messageId, agentId, personId, text, provider, model, repliedAt }, revision }) => {
        const at = new Date(repliedAt);
        return { ...MADE_ELSEWHERE, conversationId, messageId, agentId, personId, replacesReplyId: null, revision, text, provider, model, requestedAt: at, settledAt: at };
      },
    },
  },
});

function settled({ data }: Fact<EventOf<typeof ReplyRecorded>>) {
  const { outcome, text, finishReason, failureReason, attempt, provider, model, promptVersion, usage, costMicroUsd, firstTokenMs, latencyMs, repliedAt } = data;
  const { estimated, ...tokens } = usage;
  return {
    status: outcome,
    text,
    finishReason,
    failureReason,
    attempt,
    provider,
    model,
    promptVersion,
    ...tokens,
    usageEstimated: estimated,
    costMicroUsd: BigInt(costMicroUsd),
    firstTokenMs,
    latencyMs,
    settledAt: new Date(repliedAt),
  };
}
