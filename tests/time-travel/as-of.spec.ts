import { AgentsApiModule } from '@parley/agents/api/agents-api.module.js';
import { AgentsProjectionModule } from '@parley/agents/read/agents-projection.module.js';
import { AgentsQueryModule } from '@parley/agents/read/agents-query.module.js';
import { AgentsWriteModule } from '@parley/agents/write/agents-write.module.js';
import { PersonAdded, PersonRegistered, PersonRoleChanged } from '@parley/identity/contract.js';
import { OperationsModule } from '@parley/platform/operations/operations.module.js';
import { meta, now } from '@parley/platform/testing/meta.js';
import { SpecGateway } from '@parley/platform/testing/spec-gateway.js';
import { caller } from '@parley/platform/testing/toy-gateway.js';
import { TenancyApiModule } from '@parley/tenancy/api/tenancy-api.module.js';
import { TenancyReactModule } from '@parley/tenancy/react/tenancy-react.module.js';
import { TenancyProjectionModule } from '@parley/tenancy/read/tenancy-projection.module.js';
import { TenancyQueryModule } from '@parley/tenancy/read/tenancy-query.module.js';
import { TenancyWriteModule } from '@parley/tenancy/write/tenancy-write.module.js';

let gateway: SpecGateway;
beforeAll(async () => {
  const agents = [AgentsWriteModule, AgentsProjectionModule, AgentsQueryModule, AgentsApiModule];
  const tenancy = [TenancyWriteModule, TenancyReactModule, TenancyProjectionModule, TenancyQueryModule, TenancyApiModule];
  gateway = await SpecGateway.open(...agents, ...tenancy, OperationsModule);
});
afterAll(() => gateway.close());

const AGENT = 'query ($id: ID!, $asOf: String) { agent(id: $id, asOf: $asOf) { name latestVersion prompt { version instructions } } }';
const prompt = { provider: 'simulator', model: 'sim-1' };
const someone = (tenantId: string = crypto.randomUUID()) => gateway.as(caller({ role: 'tenant-owner', tenantId, personId: crypto.randomUUID() }));
type Ask = ReturnType<typeof someone>;

/** Changes something, and waits until the clock shows another millisecond. @returns an instant after it, before all that follows */
async function change(ask: Ask, field: string, type: string, input: object): Promise<string> {
  const { errors } = await ask(`mutation ($input: ${type}!) { ${field}(input: $input) { consistencyToken } }`, { input });
  expect(errors).toEqual([]);
  await new Promise((resolve) => setTimeout(resolve, 3));
  const at = new Date().toISOString();
  await new Promise((resolve) => setTimeout(resolve, 3));
  return at;
}

describe('a query with asOf', () => {
  it('shows an agent that was changed three times as it was after each change', async () => {
    const [ask, agentId] = [someone(), crypto.randomUUID()];
    const before = new Date().toISOString();
    await new Promise((resolve) => setTimeout(resolve, 3));
    const times = [
      await change(ask, 'createAgent', 'CreateAgentInput', { agentId, name: 'Ada', ...prompt, instructions: 'Be kind.' }),
      await change(ask, 'renameAgent', 'RenameAgentInput', { agentId, name: 'Grace' }),
      await change(ask, 'draftPromptVersion', 'DraftPromptVersionInput', { agentId, ...prompt, instructions: 'Be brief.' }),
      await change(ask, 'activatePromptVersion', 'ActivatePromptVersionInput', { agentId, version: 2 }),
    ];
    const seen = [];
    for (const asOf of [before, ...times]) seen.push((await ask(AGENT, { id: agentId, asOf })).data!['agent']);
    expect(seen).toEqual([
      null,
      { name: 'Ada', latestVersion: 1, prompt: { version: 1, instructions: 'Be kind.' } },
      { name: 'Grace', latestVersion: 1, prompt: { version: 1, instructions: 'Be kind.' } },
      { name: 'Grace', latestVersion: 2, prompt: { version: 1, instructions: 'Be kind.' } },
      { name: 'Grace', latestVersion: 2, prompt: { version: 2, instructions: 'Be brief.' } },
    ]);
    expect((await someone()(AGENT, { id: agentId, asOf: times[3] })).data).toEqual({ agent: null }); // another tenant's
  });

  it('gives each query of a request its own moment, and pages as in the present', async () => {
    const ask = someone();
    const names = ['a', 'b', 'c'];
    const times: string[] = [];
    for (const name of names) times.push(await change(ask, 'createAgent', 'CreateAgentInput', { name, ...prompt, instructions: '' }));
    const query = 'query ($then: String) { then: agents(asOf: $then, first: 1) { nodes { name } pageInfo { hasNextPage endCursor } } now: agents { nodes { name } } }';
    const { data } = await ask(query, { then: times[1] });
    expect(data).toMatchObject({ then: { nodes: [{ name: 'a' }], pageInfo: { hasNextPage: true } } });
    const { pageInfo } = data!['then'] as { pageInfo: { endCursor: string } };
    const next = await ask('query ($then: String, $after: String) { agents(asOf: $then, first: 5, after: $after) { nodes { name } pageInfo { hasNextPage } } }', { then: times[1], after: pageInfo.endCursor });
    expect(next.data).toEqual({ agents: { nodes: [{ name: 'b' }], pageInfo: { hasNextPage: false } } });
  });

  it('looks back in the fields below it, too', async () => {
    const [tenantId, personId, colleagueId] = [crypto.randomUUID(), crypto.randomUUID(), crypto.randomUUID()];
    const stream = (id: string) => `identity.person-${tenantId}.${id}`;
    const definitions = { PersonRegistered, PersonAdded, PersonRoleChanged };
    await gateway.record(stream(personId), [PersonRegistered({ personId, email: 'ada@example.org', role: 'tenant-owner', tenantSlug: null, registeredAt: now })], definitions, { ...meta, tenantId });
    await gateway.record(stream(colleagueId), [PersonAdded({ personId: colleagueId, email: 'grace@example.org', name: null, role: 'member', addedBy: personId, addedAt: now })], definitions, { ...meta, tenantId });
    const ask = someone(tenantId);
    const members = async (asOf?: string) => {
      const { data } = await ask('query ($asOf: String) { tenant(asOf: $asOf) { members { nodes { role } } } }', { asOf });
      return (data as { tenant: { members: { nodes: { role: string }[] } } } | null)?.tenant.members.nodes.map(({ role }) => role).sort();
    };
    await eventually(async () => expect(await members()).toEqual(['MEMBER', 'TENANT_OWNER']));
    const then = new Date().toISOString();
    await new Promise((resolve) => setTimeout(resolve, 3));
    await gateway.record(stream(colleagueId), [PersonRoleChanged({ personId: colleagueId, role: 'auditor', before: 'member', changedBy: personId, changedAt: now })], definitions, { ...meta, tenantId });
    await eventually(async () => expect(await members()).toEqual(['AUDITOR', 'TENANT_OWNER']));
    expect(await members(then)).toEqual(['MEMBER', 'TENANT_OWNER']);
  });

  it.each([
    ['yesterday', 'AS_OF_MALFORMED'],
    ['2026-02-30T12:00:00Z', 'AS_OF_MALFORMED'],
    ['-1', 'AS_OF_MALFORMED'],
    ['', 'AS_OF_MALFORMED'],
    ['999999999999', 'AS_OF_IN_FUTURE'],
    ['2999-01-01T00:00:00Z', 'AS_OF_IN_FUTURE'],
  ])('is refused in a sentence: %j', async (asOf, code) => {
    const { data, errors } = await someone()('query ($asOf: String) { agents(asOf: $asOf) { nodes { name } } }', { asOf });
    expect([data, errors.length]).toEqual([null, 1]);
    expect(errors[0]).toMatchObject({ message: expect.stringMatching(/^[A-Z].*\.$/) as string, extensions: { code, kind: 'invalid' } });
  });

  it('is there of every query that reads a fold, and of no other', async () => {
    const { data } = await someone()('{ __schema { queryType { fields { name args { name } } } } }');
    const { fields } = (data as { __schema: { queryType: { fields: { name: string; args: { name: string }[] }[] } } }).__schema.queryType;
    const without = fields.filter(({ args }) => !args.some(({ name }) => name === 'asOf')).map(({ name }) => name);
    expect(without).toEqual(['projections']);
    expect(fields.length).toBeGreaterThan(4);
  });
});

async function eventually(check: () => Promise<void>): Promise<void> {
  for (const until = Date.now() + 5_000; ; await new Promise((resolve) => setTimeout(resolve, 20))) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() > until) throw error;
    }
  }
}
