import type { EventOf } from '@parley/kernel/event.js';
import { defineProjection } from '@parley/kernel/projection.js';
import {
  AttemptFailed,
  AttemptStarted,
  GenerationCompleted,
  GenerationFailed,
  GenerationStarted,
  GenerationStopped,
} from '@parley/inference/contract.js';
import { errorsDaily } from '../rollups/errors-daily.rollup.js';
import { firstTokensDaily, latenciesDaily } from '../rollups/latencies-daily.rollup.js';
import { usageDaily, usageDailyByAgent, usageHourly } from '../rollups/usage.rollups.js';
import { UsageRow } from './replies.row.js';

export { UsageRow };

type Settlement = EventOf<typeof GenerationCompleted | typeof GenerationStopped | typeof GenerationFailed>;
type UsageFact = Settlement | EventOf<typeof GenerationStarted | typeof AttemptStarted | typeof AttemptFailed>;

const key = ({ data }: { data: { replyId: string } }) => ({ replyId: data.replyId });
const dayOf = (instant: string) => instant.slice(0, 10);

/** What one reply consumed, from the moment its generation starts; the day that it counts for is the day of its settlement. */
export const usageReplies = defineProjection<UsageRow, 'replyId', UsageFact>({
  name: 'usage.replies',
  version: 2,
  row: UsageRow,
  rollups: [usageDaily, usageDailyByAgent, usageHourly, latenciesDaily, firstTokensDaily, errorsDaily],
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
      evolve: (row, { data: { usage, costMicroUsd, failureReason: reason, failedAt } }) =>
        row && {
          ...row,
          failures: [...row.failures, { reason, failedAt }],
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
  failures: [],
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
