import { CliError } from './cli-error.js';
import { Server } from './server.js';

export interface AffectedOptions {
  readonly tenant?: string;
  readonly agent?: string;
  readonly promptVersion?: string;
  readonly provider?: string;
  readonly model?: string;
  readonly key?: string;
  readonly between?: string;
  readonly json?: boolean;
}

interface Reply {
  readonly replyId: string;
  readonly conversationId: string;
  readonly personId: string;
  readonly agentId: string;
  readonly promptVersion: number;
  readonly provider: string;
  readonly model: string;
  readonly status: string;
  readonly startedAt: string;
  readonly costMicroUsd: number;
  readonly wastedCostMicroUsd: number;
}

interface Affected {
  readonly replies: number;
  readonly people: number;
  readonly costMicroUsd: number;
  readonly wastedCostMicroUsd: number;
  readonly nodes: readonly Reply[];
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
}

const AFFECTED = `query ($tenantId: ID, $agentId: ID, $promptVersion: Int, $provider: String, $model: String, $key: String, $from: DateTime, $to: DateTime, $after: String) {
  auditAffected(tenantId: $tenantId, agentId: $agentId, promptVersion: $promptVersion, provider: $provider, model: $model, key: $key, from: $from, to: $to, first: 100, after: $after) {
    replies people costMicroUsd wastedCostMicroUsd
    nodes { replyId conversationId personId agentId promptVersion provider model status startedAt costMicroUsd wastedCostMicroUsd } pageInfo { hasNextPage endCursor } } }`;

/** The replies that an incident touched: each, and in all. */
export async function affected({ tenant, agent, promptVersion, provider, model, key, between, json }: AffectedOptions): Promise<void> {
  const incident = { agentId: agent, promptVersion: promptVersion === undefined ? undefined : versionOf(promptVersion), provider, model, key, ...rangeOf(between) };
  if (Object.values(incident).every((value) => value === undefined)) throw new CliError('Nothing says what happened.', 'CLI', 'Give --agent, --prompt-version, --provider, --model, --key or --between.');
  const server = new Server();
  for (let after: string | null = null; ; ) {
    const { auditAffected: page }: { auditAffected: Affected } = await server.ask<{ auditAffected: Affected }>(AFFECTED, { tenantId: tenant, ...incident, after });
    for (const reply of page.nodes) console.log(json ? JSON.stringify(reply) : told(reply));
    if (page.pageInfo.hasNextPage) {
      after = page.pageInfo.endCursor;
      continue;
    }
    const { replies, people, costMicroUsd, wastedCostMicroUsd } = page;
    if (json) console.log(JSON.stringify({ replies, people, costMicroUsd, wastedCostMicroUsd }));
    else console.log(`${counted(replies, 'reply', 'replies')} of ${counted(people, 'person', 'people')}, $${dollars(costMicroUsd)}${wastedCostMicroUsd > 0 ? `, and $${dollars(wastedCostMicroUsd)} for attempts that came to nothing` : ''}.`);
    return;
  }
}

const told = ({ replyId, startedAt, personId, agentId, promptVersion, provider, model, status, costMicroUsd }: Reply) =>
  `${replyId}  ${startedAt}  person ${personId}  agent ${agentId} v${promptVersion}  ${provider}/${model}  ${status.toLowerCase()}  $${dollars(costMicroUsd)}`;

const dollars = (microUsd: number) => (microUsd / 1e6).toFixed(6);
const counted = (count: number, one: string, many: string) => `${count} ${count === 1 ? one : many}`;

function versionOf(text: string): number {
  const version = Number(text);
  if (!Number.isInteger(version) || version < 1) throw new CliError(`--prompt-version ${text} is no version.`, 'CLI', 'Versions are 1, 2, 3 …');
  return version;
}

/** `a..b`, either side may be left out. */
function rangeOf(text: string | undefined): { from: string | undefined; to: string | undefined } {
  if (text === undefined) return { from: undefined, to: undefined };
  const sides = text.split('..');
  const [from, to] = sides.map((side) => (side === '' ? undefined : new Date(side)));
  if (sides.length !== 2 || [from, to].some((side) => side && Number.isNaN(side.getTime()))) {
    throw new CliError(`--between ${text} is no range of time.`, 'CLI', 'Write 2026-01-31T12:00:00Z..2026-01-31T12:05:00Z.');
  }
  return { from: from?.toISOString(), to: to?.toISOString() };
}
