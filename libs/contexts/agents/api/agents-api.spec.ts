import type { Role } from '@parley/kernel/meta.js';
import { SpecGateway } from '@parley/platform/testing/spec-gateway.js';
import { caller } from '@parley/platform/testing/toy-gateway.js';
import { AgentsProjectionModule } from '../read/agents-projection.module.js';
import { AgentsQueryModule } from '../read/agents-query.module.js';
import { AgentsWriteModule } from '../write/agents-write.module.js';
import { AgentsApiModule } from './agents-api.module.js';

const CREATE = 'mutation ($input: CreateAgentInput!) { createAgent(input: $input) { agentId consistencyToken } }';
const RENAME = 'mutation ($input: RenameAgentInput!) { renameAgent(input: $input) { agentId consistencyToken } }';
const ARCHIVE = 'mutation ($input: ArchiveAgentInput!) { archiveAgent(input: $input) { agentId consistencyToken } }';
const DRAFT = 'mutation ($input: DraftPromptVersionInput!) { draftPromptVersion(input: $input) { agentId consistencyToken promptVersion { version status instructions } } }';
const ACTIVATE = 'mutation ($input: ActivatePromptVersionInput!) { activatePromptVersion(input: $input) { agentId consistencyToken } }';
const AGENT = `query ($id: ID!) { agent(id: $id) { id name status latestVersion archivedAt prompt { version status provider model instructions temperature maxOutputTokens } } }`;
const AGENTS = 'query ($includeArchived: Boolean, $first: Int, $after: String) { agents(includeArchived: $includeArchived, first: $first, after: $after) { nodes { id name } pageInfo { hasNextPage endCursor } } }';
const VERSIONS = 'query ($agentId: ID!) { promptVersions(agentId: $agentId) { nodes { version status } } }';

const prompt = { provider: 'simulator', model: 'sim-small', instructions: 'Be kind.' };

let gateway: SpecGateway;
beforeAll(async () => {
  gateway = await SpecGateway.open(AgentsWriteModule, AgentsProjectionModule, AgentsQueryModule, AgentsApiModule);
});
afterAll(() => gateway.close());

/** Someone of a tenant of their own. */
const someone = (role: Role = 'tenant-owner', tenantId = crypto.randomUUID()) => gateway.as(caller({ role, tenantId, personId: crypto.randomUUID() }));
type Ask = ReturnType<typeof someone>;

interface Payload {
  readonly agentId: string;
  readonly consistencyToken: string;
}

async function change(ask: Ask, mutation: string, input: object): Promise<Payload> {
  const { data, errors } = await ask(mutation, { input });
  expect(errors).toEqual([]);
  return Object.values(data!)[0] as Payload;
}

/** The answer that sees what the payload speaks of. */
const see = async (ask: Ask, { consistencyToken }: Payload, query: string, variables: object) =>
  (await ask(query, { ...variables }, { 'parley-consistency-token': consistencyToken })).data;

describe('an agent over GraphQL', () => {
  it('is created, and is there for who brings the token', async () => {
    const ask = someone();
    const created = await change(ask, CREATE, { name: 'Ada', ...prompt, temperature: 0.5 });
    expect(await see(ask, created, AGENT, { id: created.agentId })).toEqual({
      agent: {
        id: created.agentId,
        name: 'Ada',
        status: 'ACTIVE',
        latestVersion: 1,
        archivedAt: null,
        prompt: { version: 1, status: 'ACTIVE', ...prompt, temperature: 0.5, maxOutputTokens: null },
      },
    });
  });

  it.each([
    ['an id of the client', { agentId: crypto.randomUUID() }],
    ['an idempotency key', { idempotencyKey: 'create-ada' }],
  ])('is created once when it is asked for twice with %s', async (_, named) => {
    const ask = someone();
    const [first, second] = [await change(ask, CREATE, { name: 'Ada', ...prompt, ...named }), await change(ask, CREATE, { name: 'Ada', ...prompt, ...named })];
    expect(second).toEqual(first);
    expect(await see(ask, second, AGENTS, {})).toMatchObject({ agents: { nodes: [{ id: first.agentId }] } });
  });

  it('is created twice where nothing says that it is the same', async () => {
    const ask = someone();
    const [first, second] = [await change(ask, CREATE, { name: 'Ada', ...prompt }), await change(ask, CREATE, { name: 'Ada', ...prompt })];
    expect(second.agentId).not.toBe(first.agentId);
  });

  it('keeps the answer to a creation that comes again after it was archived', async () => {
    const ask = someone();
    const input = { agentId: crypto.randomUUID(), name: 'Ada', ...prompt };
    const created = await change(ask, CREATE, input);
    await change(ask, ARCHIVE, { agentId: input.agentId });
    expect(await change(ask, CREATE, input)).toEqual(created);
  });

  it('refuses a key that comes again with other words', async () => {
    const ask = someone();
    await change(ask, CREATE, { name: 'Ada', ...prompt, idempotencyKey: 'once' });
    const { errors } = await ask(CREATE, { input: { name: 'Grace', ...prompt, idempotencyKey: 'once' } });
    expect(errors).toMatchObject([{ extensions: { code: 'IDEMPOTENCY_KEY_REUSED', kind: 'conflict' } }]);
  });

  it('is renamed and archived, and then no longer listed', async () => {
    const ask = someone();
    const { agentId } = await change(ask, CREATE, { name: 'Ada', ...prompt });
    const renamed = await change(ask, RENAME, { agentId, name: 'Grace' });
    expect(await see(ask, renamed, AGENTS, {})).toMatchObject({ agents: { nodes: [{ name: 'Grace' }] } });
    const archived = await change(ask, ARCHIVE, { agentId });
    expect(await see(ask, archived, AGENTS, {})).toMatchObject({ agents: { nodes: [] } });
    expect(await see(ask, archived, AGENTS, { includeArchived: true })).toMatchObject({ agents: { nodes: [{ name: 'Grace' }] } });
    expect(await see(ask, archived, AGENT, { id: agentId })).toMatchObject({ agent: { status: 'ARCHIVED' } });
  });

  it('is listed a page at a time', async () => {
    const ask = someone();
    let last: Payload | undefined;
    for (const name of ['Ada', 'Grace', 'Mary']) last = await change(ask, CREATE, { name, ...prompt });
    const first = (await see(ask, last!, AGENTS, { first: 2 })) as { agents: { pageInfo: { endCursor: string } } };
    expect(first).toMatchObject({ agents: { nodes: [{ name: 'Ada' }, { name: 'Grace' }], pageInfo: { hasNextPage: true } } });
    const rest = await see(ask, last!, AGENTS, { first: 2, after: first.agents.pageInfo.endCursor });
    expect(rest).toMatchObject({ agents: { nodes: [{ name: 'Mary' }], pageInfo: { hasNextPage: false } } });
  });
});

describe('its prompt over GraphQL', () => {
  it('is drafted, activated and rolled back', async () => {
    const ask = someone();
    const { agentId } = await change(ask, CREATE, { name: 'Ada', ...prompt });
    const drafted = await change(ask, DRAFT, { agentId, ...prompt, instructions: 'Be kinder.' });
    expect(drafted).toMatchObject({ promptVersion: { version: 2, status: 'DRAFT', instructions: 'Be kinder.' } });

    const activated = await change(ask, ACTIVATE, { agentId, version: 2 });
    expect(await see(ask, activated, VERSIONS, { agentId })).toEqual({ promptVersions: { nodes: [{ version: 2, status: 'ACTIVE' }, { version: 1, status: 'ARCHIVED' }] } });
    const rolledBack = await change(ask, ACTIVATE, { agentId, version: 1 });
    expect(await see(ask, rolledBack, AGENT, { id: agentId })).toMatchObject({ agent: { latestVersion: 2, prompt: { version: 1, instructions: 'Be kind.' } } });
  });

  it('is drafted once for one key, and the repeat gets the same version', async () => {
    const ask = someone();
    const { agentId } = await change(ask, CREATE, { name: 'Ada', ...prompt });
    const input = { agentId, ...prompt, idempotencyKey: 'draft' };
    const first = await change(ask, DRAFT, input);
    await change(ask, DRAFT, { ...input, idempotencyKey: 'another' });
    expect(await change(ask, DRAFT, input)).toEqual(first);
  });
});

describe('what is not allowed over GraphQL', () => {
  it('says the same of what another tenant has and of what nobody has', async () => {
    const [ask, stranger] = [someone(), someone()];
    const { agentId } = await change(ask, CREATE, { name: 'Ada', ...prompt });
    for (const id of [agentId, crypto.randomUUID()]) {
      expect((await stranger(AGENT, { id })).data).toEqual({ agent: null });
      expect((await stranger(VERSIONS, { agentId: id })).data).toEqual({ promptVersions: null });
      for (const [mutation, rest] of [[RENAME, { name: 'Mine' }], [ARCHIVE, {}], [DRAFT, prompt], [ACTIVATE, { version: 1 }]] as const) {
        const { errors } = await stranger(mutation, { input: { agentId: id, ...rest } });
        expect(errors).toMatchObject([{ extensions: { code: 'AGENTS_AGENT_NOT_FOUND', kind: 'not-found', details: { agentId: id } } }]);
      }
    }
  });

  it('lets a member see agents, not change them', async () => {
    const tenantId = crypto.randomUUID();
    const created = await change(someone('tenant-admin', tenantId), CREATE, { name: 'Ada', ...prompt });
    const member = someone('member', tenantId);
    expect(await see(member, created, AGENTS, {})).toMatchObject({ agents: { nodes: [{ name: 'Ada' }] } });
    const { errors } = await member(ARCHIVE, { input: { agentId: created.agentId } });
    expect(errors).toMatchObject([{ extensions: { code: 'AGENTS_MANAGEMENT_NOT_ALLOWED', kind: 'forbidden' } }]);
  });

  it.each([
    ['name', { name: '' }],
    ['name', { name: 'a\0b' }],
    ['name', { name: 'x'.repeat(101) }],
    ['temperature', { temperature: 2.1 }],
    ['maxOutputTokens', { maxOutputTokens: 0 }],
    ['agentId', { agentId: 'not-an-id' }],
    ['idempotencyKey', { idempotencyKey: 'two words' }],
  ])('takes no %s like %j', async (field, wrong) => {
    const { errors } = await someone()(CREATE, { input: { name: 'Ada', ...prompt, ...wrong } });
    expect(errors).toMatchObject([{ extensions: { code: 'INVALID_INPUT', kind: 'invalid', details: { fields: [{ path: expect.stringContaining(field) as string }] } } }]);
  });

  it('takes an id in capitals for the same', async () => {
    const ask = someone();
    const created = await change(ask, CREATE, { name: 'Ada', ...prompt });
    expect(await see(ask, created, AGENT, { id: created.agentId.toUpperCase() })).toMatchObject({ agent: { id: created.agentId } });
    await change(ask, RENAME, { agentId: created.agentId.toUpperCase(), name: 'Grace' });
  });
});
