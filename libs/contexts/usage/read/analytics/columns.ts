import type { Unit } from '@parley/platform/read-model/reports.js';

type Columns = Readonly<Record<string, readonly [Unit, string]>>;

/** Columns that several reports share, in one wording. */
export const TENANT = { tenant_id: ['id', 'Whose it is'] } satisfies Columns;
export const DAY = { day: ['UTC day', 'The day of record: when the reply was settled, until then when it was begun'] } satisfies Columns;
export const AGENT = { agent_id: ['id', 'Which agent answered'] } satisfies Columns;
export const PERSON = { person_id: ['id', 'Who asked'] } satisfies Columns;
export const MODEL = {
  provider: ['name', 'Which provider was called; empty when no agent could answer'],
  model: ['name', 'Which of its models; empty when no agent could answer'],
} satisfies Columns;

export const SUMS = {
  replies: ['number', 'Replies that were asked for, those still being made among them'],
  completed: ['number', 'Replies that the model finished'],
  stopped: ['number', 'Replies that a person stopped'],
  failed: ['number', 'Replies that no call brought to an end'],
  calls: ['number', 'Calls of providers, those that came to nothing among them'],
  input_tokens: ['tokens', 'What was sent, without what the provider had cached'],
  cached_input_tokens: ['tokens', 'What was sent and the provider had cached'],
  output_tokens: ['tokens', 'What was answered, without what was reasoned'],
  reasoning_tokens: ['tokens', 'What was reasoned before answering'],
  total_tokens: ['tokens', 'All four classes together, of the calls that count'],
  estimated_tokens: ['tokens', 'Of all four classes, where the provider did not count and we did'],
  cost_micro_usd: ['micro-USD', 'What the calls that count cost, by the price in force that day'],
  wasted_tokens: ['tokens', 'All four classes, of the calls that came to nothing'],
  wasted_cost_micro_usd: ['micro-USD', 'What the calls that came to nothing cost; not in cost_micro_usd'],
  unpriced_replies: ['number', 'Replies with tokens whose model has no price: they cost nothing here'],
} satisfies Columns;

/** The sums of a rollup of usage, as its table has them. */
export const SUMS_SQL = `"rows" as replies, completed, stopped, failed, calls, input_tokens, cached_input_tokens, output_tokens, reasoning_tokens,
  input_tokens + cached_input_tokens + output_tokens + reasoning_tokens as total_tokens, estimated_tokens,
  cost_micro_usd, wasted_tokens, wasted_cost_micro_usd, unpriced as unpriced_replies`;

export const ACTIVITY = {
  conversations: ['number', 'Conversations begun'],
  messages: ['number', 'Messages sent by people'],
  regenerations: ['number', 'Replies asked for once more'],
} satisfies Columns;
