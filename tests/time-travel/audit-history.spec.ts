import { AgentsApiModule } from '@parley/agents/api/agents-api.module.js';
import { AgentsProjectionModule } from '@parley/agents/read/agents-projection.module.js';
import { AgentsQueryModule } from '@parley/agents/read/agents-query.module.js';
import { AgentsWriteModule } from '@parley/agents/write/agents-write.module.js';
import { AuditHistoryApiModule } from '@parley/audit/api/audit-history-api.module.js';
import { ChatProjectionModule } from '@parley/chat/read/chat-projection.module.js';
import { ConversationRenamed, ConversationStarted, MessageSent } from '@parley/chat/contract.js';
import type { Role } from '@parley/kernel/meta.js';
import { meta, now } from '@parley/platform/testing/meta.js';
import { SpecGateway } from '@parley/platform/testing/spec-gateway.js';
import { caller } from '@parley/platform/testing/toy-gateway.js';

let gateway: SpecGateway;
beforeAll(async () => {
  gateway = await SpecGateway.open(AgentsWriteModule, AgentsProjectionModule, AgentsQueryModule, AgentsApiModule, ChatProjectionModule, AuditHistoryApiModule);
});
afterAll(() => gateway.close());

const FACTS = 'nodes { eventId position stream revision type actor { kind id role } commandId correlationId causationId decisionId data changes { table key column before after } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }';
const HISTORY = `query ($tenantId: ID, $personId: ID, $agentId: ID, $stream: String, $type: String, $correlationId: String, $from: DateTime, $to: DateTime, $first: Int, $last: Int, $after: String, $before: String) {
  auditHistory(tenantId: $tenantId, personId: $personId, agentId: $agentId, stream: $stream, type: $type, correlationId: $correlationId, from: $from, to: $to, first: $first, last: $last, after: $after, before: $before) { ${FACTS} } }`;

interface Fact {
  readonly position: string;
  readonly stream: string;
  readonly type: string;
  readonly actor: object;
  readonly commandId: string;
  readonly correlationId: string;
  readonly data: string;
  readonly changes: readonly { table: string; key: string; column: string; before: string | null; after: string | null }[];
}

interface History {
  readonly nodes: readonly Fact[];
  readonly pageInfo: { readonly hasNextPage: boolean; readonly hasPreviousPage: boolean; readonly startCursor: string; readonly endCursor: string };
}

const prompt = { provider: 'simulator', model: 'sim-1', instructions: 'Be kind.' };

/** A tenant in which an agent was set up and renamed, and two people talk. */
async function tenant() {
  const [tenantId, ownerId, memberId, agentId, conversationId, otherId] = Array.from({ length: 6 }, () => crypto.randomUUID()) as [string, string, string, string, string, string];
  const as = (role: Role, personId: string = crypto.randomUUID()) => gateway.as(caller({ tenantId, role, personId }));
  const owner = as('tenant-owner', ownerId);
  await owner('mutation ($input: CreateAgentInput!) { createAgent(input: $input) { agentId } }', { input: { agentId, name: 'Ada', ...prompt } }, { 'x-correlation-id': 'setting-up' });
  await owner('mutation ($input: RenameAgentInput!) { renameAgent(input: $input) { agentId } }', { input: { agentId, name: 'Grace' } });
  const definitions = { ConversationStarted, MessageSent, ConversationRenamed };
  const say = (personId: string, id: string, title: string) =>
    gateway.record(
      `chat.conversation-${tenantId}.${id}`,
      [ConversationStarted({ conversationId: id, agentId, startedBy: personId, title, startedAt: now }), MessageSent({ conversationId: id, messageId: crypto.randomUUID(), replyId: crypto.randomUUID(), agentId, sentBy: personId, text: `a secret of ${title}`, sentAt: now })],
      definitions,
      { ...meta, tenantId, actor: { kind: 'person', id: personId, role: 'member' } },
    );
  await say(memberId, conversationId, 'Mine');
  await say(ownerId, otherId, 'Theirs');
  const history = async (variables: object = {}, ask = as('auditor')) => (await ask(HISTORY, { ...variables })).data!['auditHistory'] as History;
  return { tenantId, ownerId, memberId, agentId, conversationId, as, history };
}

describe('the history', () => {
  it('tells of every fact who, when, by which command and in which chain, oldest first', async () => {
    const { history, ownerId, agentId, tenantId } = await tenant();
    const { nodes } = await history();
    expect(nodes.map(({ type }) => type)).toEqual([
      'AgentCreated', 'PromptVersionDrafted', 'PromptVersionActivated', 'AgentRenamed', 'ConversationStarted', 'MessageSent', 'ConversationStarted', 'MessageSent',
    ]);
    expect(nodes[0]).toMatchObject({
      stream: `agents.agent-${tenantId}.${agentId}`,
      revision: '0',
      actor: { kind: 'PERSON', id: ownerId, role: 'TENANT_OWNER' },
      correlationId: 'setting-up',
      causationId: null,
      decisionId: null,
    });
    expect(new Set(nodes.slice(0, 3).map(({ commandId }) => commandId)).size).toBe(1);
    expect(JSON.parse(nodes[3]!.data)).toMatchObject({ agentId, name: 'Grace', renamedBy: ownerId });
  });

  it('shows field by field what a fact changed, in each read model that shows it', async () => {
    const { history, agentId, conversationId } = await tenant();
    const [renamed] = (await history({ type: 'AgentRenamed' })).nodes;
    expect(renamed!.changes).toEqual([{ table: 'agents.agents', key: JSON.stringify({ agentId }), column: 'name', before: '"Ada"', after: '"Grace"' }]);
    const sent = (await history({ stream: renamed!.stream.replace(/^.*$/, `chat.conversation-${renamed!.stream.slice(13, 49)}.${conversationId}`), type: 'MessageSent' })).nodes[0]!;
    expect(sent.changes.filter(({ table }) => table === 'chat.conversations')).toEqual([{ table: 'chat.conversations', key: JSON.stringify({ conversationId }), column: 'messageCount', before: '0', after: '1' }]);
    expect(sent.changes.find(({ table, column }) => table === 'chat.messages' && column === 'text')).toMatchObject({ before: null, after: '"[sealed]"' });
  });

  it('is filtered by person, agent, stream, type, time and correlation', async () => {
    const { history, ownerId, memberId, agentId, tenantId } = await tenant();
    const types = async (filter: object) => (await history(filter)).nodes.map(({ type }) => type);
    expect(await types({ personId: memberId })).toEqual(['ConversationStarted', 'MessageSent']);
    expect(await types({ personId: ownerId, type: 'MessageSent' })).toEqual(['MessageSent']);
    expect(await types({ agentId })).toHaveLength(8);
    expect(await types({ agentId: crypto.randomUUID() })).toEqual([]);
    expect(await types({ stream: `agents.agent-${tenantId}.${agentId}`, type: 'AgentCreated' })).toEqual(['AgentCreated']);
    expect(await types({ correlationId: 'setting-up' })).toEqual(['AgentCreated', 'PromptVersionDrafted', 'PromptVersionActivated']);
    expect(await types({ to: '2001-01-01T00:00:00Z' })).toEqual([]);
    expect(await types({ from: '2001-01-01T00:00:00Z', to: new Date().toISOString() })).toHaveLength(8);
  });

  it('is a connection: forwards and backwards, every fact once', async () => {
    const { history } = await tenant();
    const all = (await history()).nodes.map(({ position }) => position);
    const forwards: string[] = [];
    for (let after: string | undefined; ; ) {
      const { nodes, pageInfo } = await history({ first: 3, after });
      forwards.push(...nodes.map(({ position }) => position));
      if (!pageInfo.hasNextPage) break;
      after = pageInfo.endCursor;
    }
    expect(forwards).toEqual(all);
    const latest = await history({ last: 3 });
    expect(latest.nodes.map(({ position }) => position)).toEqual(all.slice(-3));
    expect(latest.pageInfo.hasPreviousPage).toBe(true);
    expect((await history({ last: 3, before: latest.pageInfo.startCursor })).nodes.map(({ position }) => position)).toEqual(all.slice(-6, -3));
  });

  it("shows an auditor no text of anyone, and everyone else's as sealed", async () => {
    const { history, memberId, as } = await tenant();
    expect(JSON.stringify(await history())).not.toContain('secret');
    expect(JSON.stringify(await history())).not.toContain('sealed:v1');
    const own = JSON.stringify(await history({}, as('auditor', memberId)));
    expect(own).toContain('a secret of Mine');
    expect(own).not.toContain('a secret of Theirs');
  });

  it('is for auditors, owners and administrators, of their own tenant; a platform administrator names another', async () => {
    const [{ as, tenantId }, other] = [await tenant(), await tenant()];
    const code = async (role: Role, variables: object = {}) => (await as(role)(HISTORY, { ...variables })).errors[0]?.extensions.code;
    for (const role of ['member', 'analyst'] as const) expect(await code(role)).toBe('FORBIDDEN');
    for (const role of ['auditor', 'tenant-admin', 'tenant-owner', 'platform-admin'] as const) expect(await code(role, { tenantId })).toBeUndefined();
    expect(await code('auditor', { tenantId: other.tenantId })).toBe('AUDIT_TENANT_UNKNOWN');
    expect(await code('platform-admin', { tenantId: crypto.randomUUID() })).toBe('AUDIT_TENANT_UNKNOWN');
    expect(await code('platform-admin', { tenantId: other.tenantId })).toBeUndefined();
    expect(await code('auditor', { after: 'nonsense' })).toBe('INVALID_CURSOR');
  });
});

describe('the state', () => {
  const STATE = 'query ($tenantId: ID, $table: String!, $asOf: String, $first: Int, $after: String) { auditState(tenantId: $tenantId, table: $table, asOf: $asOf, first: $first, after: $after) { nodes { row } pageInfo { hasNextPage endCursor } } }';
  const rowsOf = (data: unknown) => (data as { auditState: { nodes: { row: string }[] } }).auditState.nodes.map(({ row }) => JSON.parse(row) as Record<string, unknown>);

  it("shows everyone's rows as they were, text sealed", async () => {
    const { as, history, conversationId } = await tenant();
    const { nodes } = await history();
    const ask = as('auditor');
    const at = async (index: number, table = 'chat.conversations') => rowsOf((await ask(STATE, { table, asOf: index < 0 ? '0' : nodes[index]!.position })).data);
    expect(await at(-1)).toEqual([]);
    expect(await at(4)).toMatchObject([{ conversationId, messageCount: 0, title: '[sealed]' }]);
    expect(await at(5)).toMatchObject([{ messageCount: 1 }]);
    expect(await at(7)).toHaveLength(2);
    expect(await at(2, 'agents.agents')).toMatchObject([{ name: 'Ada' }]);
    expect(await at(3, 'agents.agents')).toMatchObject([{ name: 'Grace' }]);
  });

  it('comes page by page, in the order of the key', async () => {
    const { as, history } = await tenant();
    const asOf = (await history()).nodes.at(-1)!.position;
    const ask = as('auditor');
    const first = await ask(STATE, { table: 'chat.conversations', asOf, first: 1 });
    const { pageInfo } = (first.data as { auditState: { pageInfo: { hasNextPage: boolean; endCursor: string } } }).auditState;
    expect(pageInfo.hasNextPage).toBe(true);
    const second = await ask(STATE, { table: 'chat.conversations', asOf, first: 1, after: pageInfo.endCursor });
    expect([rowsOf(first.data), rowsOf(second.data)].map((rows) => rows.length)).toEqual([1, 1]);
    expect(rowsOf(first.data)[0]!['conversationId']! < rowsOf(second.data)[0]!['conversationId']!).toBe(true);
    for (const forged of ['["x"]', '["[\\"x\\"]"]', '["[]"]']) {
      const after = Buffer.from(forged).toString('base64url');
      expect((await ask(STATE, { table: 'chat.conversations', asOf, after })).errors[0]?.extensions.code).toBe('INVALID_CURSOR');
    }
  });

  it('refuses a table that there is not, and names those that there are', async () => {
    const { as } = await tenant();
    const { errors } = await as('auditor')(STATE, { table: 'parley.events' });
    expect(errors[0]?.extensions).toMatchObject({ code: 'AUDIT_TABLE_UNKNOWN', details: { tables: expect.arrayContaining(['chat.conversations', 'agents.agents']) as unknown } });
  });
});
