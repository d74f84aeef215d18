import { CliError } from './cli-error.js';
import { Server } from './server.js';

export interface HistoryOptions {
  readonly tenant?: string;
  readonly person?: string;
  readonly agent?: string;
  readonly stream?: string;
  readonly type?: string;
  readonly correlation?: string;
  readonly from?: string;
  readonly to?: string;
  readonly last?: string;
  readonly changes?: boolean;
  readonly json?: boolean;
}

export interface StateOptions {
  readonly tenant?: string;
  readonly at?: string;
  readonly table?: readonly string[];
  readonly json?: boolean;
}

interface Fact {
  readonly position: string;
  readonly recordedAt: string;
  readonly type: string;
  readonly stream: string;
  readonly actor: { readonly kind: string; readonly id: string; readonly role: string };
  readonly commandId: string;
  readonly correlationId: string;
  readonly decisionId: string | null;
  readonly data: string;
  readonly changes?: readonly { readonly table: string; readonly key: string; readonly column: string; readonly before: string | null; readonly after: string | null }[];
}

interface PageOf<Node> {
  readonly nodes: readonly Node[];
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
}

const FACT = 'eventId position stream revision type recordedAt actor { kind id role } commandId correlationId causationId decisionId data';
const CHANGES = 'changes { table key column before after }';
const HISTORY = (withChanges: boolean) => `query ($tenantId: ID, $personId: ID, $agentId: ID, $stream: String, $type: String, $correlationId: String, $from: DateTime, $to: DateTime, $first: Int, $last: Int, $after: String) {
  auditHistory(tenantId: $tenantId, personId: $personId, agentId: $agentId, stream: $stream, type: $type, correlationId: $correlationId, from: $from, to: $to, first: $first, last: $last, after: $after) {
    nodes { ${FACT} ${withChanges ? CHANGES : ''} } pageInfo { hasNextPage endCursor } } }`;
const STATE = 'query ($tenantId: ID, $table: String!, $asOf: String, $after: String) { auditState(tenantId: $tenantId, table: $table, asOf: $asOf, first: 100, after: $after) { nodes { row } pageInfo { hasNextPage endCursor } } }';

/** What an auditor looks at first. */
const TABLES = ['chat.conversations', 'agents.agents', 'agents.prompt_versions', 'tenancy.members', 'usage.replies'];
const PAGE = 50;

/** What happened, and what was. */
export const history = {
  async list({ tenant, person, agent, correlation, last, changes, json, from, to, ...filter }: HistoryOptions): Promise<void> {
    const server = new Server();
    const common = { tenantId: tenant, personId: person, agentId: agent, correlationId: correlation, from: instantOf(from, '--from'), to: instantOf(to, '--to'), ...filter };
    const latest = last === undefined ? undefined : countOf(last);
    const ask = async (after: string | null) => {
      const page = latest === undefined ? { first: PAGE, after } : { last: latest };
      return (await server.ask<{ auditHistory: PageOf<Fact> }>(HISTORY(changes === true), { ...common, ...page })).auditHistory;
    };
    const shown = (fact: Fact) => console.log(json ? JSON.stringify(fact) : told(fact));
    if (latest === undefined) for await (const fact of everyOne(ask)) shown(fact);
    else for (const fact of (await ask(null)).nodes) shown(fact);
  },

  /** A table is read whole before it is printed. */
  async state({ tenant, at, table = TABLES, json }: StateOptions): Promise<void> {
    const server = new Server();
    for (const name of table) {
      const ask = async (after: string | null) => (await server.ask<{ auditState: PageOf<{ row: string }> }>(STATE, { tenantId: tenant, table: name, asOf: at ?? null, after })).auditState;
      const rows: Record<string, unknown>[] = [];
      for await (const { row } of everyOne(ask)) rows.push(JSON.parse(row) as Record<string, unknown>);
      if (json) for (const row of rows) console.log(JSON.stringify({ table: name, row }));
      else {
        console.log(`\n${name}${at === undefined ? '' : ` as of ${at}`}: ${rows.length} ${rows.length === 1 ? 'row' : 'rows'}`);
        for (const row of rows) console.log(`  ${Object.entries(row).filter(([column]) => column !== 'tenantId').map(([column, value]) => `${column}=${typeof value === 'string' ? value : JSON.stringify(value)}`).join('  ')}`);
      }
    }
  },
};

function told({ position, recordedAt, type, stream, actor, commandId, correlationId, decisionId, data, changes = [] }: Fact): string {
  const who = actor.kind === 'SYSTEM' ? actor.id : `${actor.kind.toLowerCase()} ${actor.id} (${actor.role.toLowerCase().replaceAll('_', '-')})`;
  return [
    `${position}  ${recordedAt}  ${type}  ${stream}`,
    `    by ${who}; command ${commandId}; correlation ${correlationId}; decision ${decisionId ?? 'none'}`,
    `    ${data}`,
    ...changes.map(({ table, key, column, before, after }) => `    ${table} ${key} ${column}: ${before ?? 'nothing'} → ${after ?? 'nothing'}`),
  ].join('\n');
}

async function* everyOne<Node>(ask: (after: string | null) => Promise<PageOf<Node>>): AsyncGenerator<Node, void> {
  for (let after: string | null = null; ; ) {
    const { nodes, pageInfo }: PageOf<Node> = await ask(after);
    yield* nodes;
    if (!pageInfo.hasNextPage) return;
    after = pageInfo.endCursor;
  }
}

/** A date alone is the beginning of that day, in UTC. */
function instantOf(text: string | undefined, option: string): string | undefined {
  if (text === undefined) return undefined;
  const at = new Date(text);
  if (Number.isNaN(at.getTime())) throw new CliError(`${option} ${text} is no instant.`, 'CLI', 'Write 2026-01-31 or 2026-01-31T12:00:00Z.');
  return at.toISOString();
}

function countOf(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1 || count > 100) throw new CliError(`--last ${text} is no number from 1 to 100.`);
  return count;
}
