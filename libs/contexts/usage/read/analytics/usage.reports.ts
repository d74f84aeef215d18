import { defineReport } from '@parley/platform/read-model/reports.js';
import { usageReplies } from '../replies/replies.projection.js';
import { AGENT, DAY, MODEL, PERSON, SUMS, SUMS_SQL, TENANT } from './columns.js';

const reads = [usageReplies];

/** Every reply: who asked whom, what answered, what it consumed, how long it took, how it ended. */
export const repliesReport = defineReport({
  name: 'analytics.replies',
  about: 'One row for each reply, from the moment it is begun.',
  reads,
  sql: `
select tenant_id, reply_id, conversation_id, message_id, person_id, agent_id, prompt_version, prompt_hash, provider, model, temperature, max_output_tokens,
  status as outcome, finish_reason, failure_reason, attempts as calls, input_tokens, cached_input_tokens, output_tokens, reasoning_tokens,
  input_tokens::bigint + cached_input_tokens + output_tokens + reasoning_tokens as total_tokens, is_estimated as tokens_are_estimated,
  cost_micro_usd, price_version, wasted_tokens, wasted_cost_micro_usd, first_token_ms, latency_ms, started_at, settled_at, day
from usage.replies`,
  columns: {
    ...TENANT,
    reply_id: ['id', 'Which reply'],
    conversation_id: ['id', 'In which conversation'],
    message_id: ['id', 'To which message'],
    ...PERSON,
    ...AGENT,
    prompt_version: ['number', "Which version of the agent's prompt; 0 when no agent could answer"],
    prompt_hash: ['name', 'Keyed hash of the prompt of the last call: the same for the same prompt; null before the first call'],
    ...MODEL,
    temperature: ['number', "Sampling temperature; null: the model's own"],
    max_output_tokens: ['tokens', 'Most that could be answered; null: no limit of ours'],
    outcome: ['name', 'pending, completed, stopped or failed'],
    finish_reason: ['name', 'Why the model stopped; null unless completed'],
    failure_reason: ['name', 'Why it failed; null unless failed'],
    calls: SUMS.calls,
    input_tokens: SUMS.input_tokens,
    cached_input_tokens: SUMS.cached_input_tokens,
    output_tokens: SUMS.output_tokens,
    reasoning_tokens: SUMS.reasoning_tokens,
    total_tokens: ['tokens', 'All four classes together, of the call that counts'],
    tokens_are_estimated: ['yes or no', 'Whether the provider did not count the tokens and we did'],
    cost_micro_usd: ['micro-USD', 'What the call that counts cost'],
    price_version: ['name', 'Which row of the price list made the cost; null: the model has no price, and cost nothing here'],
    wasted_tokens: SUMS.wasted_tokens,
    wasted_cost_micro_usd: SUMS.wasted_cost_micro_usd,
    first_token_ms: ['ms', 'From the start of the call that counts to its first token; null when none came'],
    latency_ms: ['ms', 'From the start of the call that counts to its end; null while pending'],
    started_at: ['UTC instant', 'When the reply was begun'],
    settled_at: ['UTC instant', 'When it ended; null while pending'],
    ...DAY,
  },
});

/** The sums of a day, as fine as they are kept. */
export const usageDailyReport = defineReport({
  name: 'analytics.usage_daily',
  about: 'One row for each day, agent, person, provider and model: sums over analytics.replies.',
  reads,
  sql: `select tenant_id, day, agent_id, person_id, provider, model, ${SUMS_SQL} from usage.usage_daily`,
  columns: { ...TENANT, ...DAY, ...AGENT, ...PERSON, ...MODEL, ...SUMS },
});

/** The sums of a day without the people: the same few rows however many there are. */
export const usageDailyByAgentReport = defineReport({
  name: 'analytics.usage_daily_by_agent',
  about: 'One row for each day, agent, provider and model: sums over analytics.replies, fast however many people there are.',
  reads,
  sql: `select tenant_id, day, agent_id, provider, model, ${SUMS_SQL} from usage.usage_daily_by_agent`,
  columns: { ...TENANT, ...DAY, ...AGENT, ...MODEL, ...SUMS },
});

export const usageHourlyReport = defineReport({
  name: 'analytics.usage_hourly',
  about: 'One row for each hour, agent, person, provider and model: sums over analytics.replies.',
  reads,
  sql: `select tenant_id, day, (day + make_interval(hours => hour)) at time zone 'UTC' as hour_start, agent_id, person_id, provider, model, ${SUMS_SQL} from usage.usage_hourly`,
  columns: { ...TENANT, ...DAY, hour_start: ['UTC instant', 'Begin of the hour of record, which is an hour of the day'], ...AGENT, ...PERSON, ...MODEL, ...SUMS },
});

export const errorsDailyReport = defineReport({
  name: 'analytics.errors_daily',
  about: 'One row for each day, agent, provider, model and reason: what went wrong.',
  reads,
  sql: 'select tenant_id, day, agent_id, provider, model, failure_reason, failed_calls, failed_replies from usage.errors_daily',
  columns: {
    ...TENANT,
    day: ['UTC day', 'When the call came to nothing, or the reply failed'],
    ...AGENT,
    ...MODEL,
    failure_reason: ['name', 'What went wrong'],
    failed_calls: ['number', 'Calls that came to nothing before the reply ended: another may have followed'],
    failed_replies: ['number', 'Replies that ended so'],
  },
});
