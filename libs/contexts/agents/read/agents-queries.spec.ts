import { type ConnectionArgs, page } from '@parley/platform/graphql-kit/connection.js';
import { meta, now, personId, tenantId } from '@parley/platform/testing/meta.js';
import { ReadSide } from '@parley/platform/testing/read-side.js';
import { AgentArchived, AgentCreated, type AgentEvent, PromptVersionActivated, PromptVersionDrafted } from '../domain/agent.events.js';
import { FindAgent, FindAgentHandler } from './agents/find-agent.query.js';
import { ListAgents, ListAgentsHandler } from './agents/list-agents.query.js';
import { agentsProjections } from './agents-projections.js';
import { FindDraftedVersion, FindDraftedVersionHandler } from './prompt-versions/find-drafted-version.query.js';
import { ListPromptVersions, ListPromptVersionsHandler } from './prompt-versions/list-prompt-versions.query.js';

const definitions = { AgentArchived, AgentCreated, PromptVersionActivated, PromptVersionDrafted };
const prompt = (instructions: string) => ({ provider: 'simulator', model: 'sim-small', instructions, temperature: 0.25, maxOutputTokens: 500 });
const day = (n: number) => `2025-01-0${n}T12:00:00.000Z`;

const [ada, grace, archie] = [crypto.randomUUID(), crypto.randomUUID(), crypto.randomUUID()];
const other = { ...meta, tenantId: crypto.randomUUID() };

const created = (agentId: string, name: string, createdAt: string): AgentEvent[] => [
  AgentCreated({ agentId, name, createdBy: personId, createdAt }),
  drafted(agentId, 1, `I am ${name}.`),
  activated(agentId, 1),
];
const drafted = (agentId: string, version: number, words: string) => PromptVersionDrafted({ agentId, version, ...prompt(words), draftedBy: personId, draftedAt: now });
const activated = (agentId: string, version: number) => PromptVersionActivated({ agentId, version, activatedBy: personId, activatedAt: now });

let side: ReadSide;
beforeAll(async () => {
  side = await ReadSide.open(agentsProjections);
  const record = (agentId: string, facts: AgentEvent[], by = meta) => side.record(`agents.agent-${by.tenantId}.${agentId}`, facts, definitions, by);
  await record(grace, created(grace, 'Grace', day(2)));
  await record(ada, [...created(ada, 'Ada', day(1)), drafted(ada, 2, 'I am Countess Ada.'), activated(ada, 2), drafted(ada, 3, 'I am a draft.')]);
  await record(archie, [...created(archie, 'Archie', day(3)), AgentArchived({ agentId: archie, archivedBy: personId, archivedAt: now })]);
  await record(ada, created(ada, 'Their Ada', day(1)), other); // the same id in another tenant
});
afterAll(() => side.close());

const find = (agentId: string, of = tenantId) => new FindAgentHandler(side.reads).execute(new FindAgent(of, agentId));
const list = (args: ConnectionArgs = {}, withArchived = false, of = tenantId) => new ListAgentsHandler(side.reads).execute(new ListAgents(of, withArchived, page(args, 2)));
const versions = (agentId: string, of = tenantId) => new ListPromptVersionsHandler(side.reads).execute(new ListPromptVersions(of, agentId, page({}, 1)));
const draft = (agentId: string, revision: bigint, of = tenantId) => new FindDraftedVersionHandler(side.reads).execute(new FindDraftedVersion(of, agentId, revision));

describe('an agent', () => {
  it('is found with the prompt that is active', async () =>
    expect(await find(ada)).toMatchObject({
      tenantId,
      agentId: ada,
      name: 'Ada',
      activeVersion: 2,
      latestVersion: 3,
      createdAt: new Date(day(1)),
      archivedAt: null,
      prompt: { version: 2, ...prompt('I am Countess Ada.') },
    }));
  it('is found when it is archived', async () => expect(await find(archie)).toMatchObject({ name: 'Archie', archivedAt: new Date(now) }));
  it('is not found under an id that nobody has', async () => expect(await find(crypto.randomUUID())).toBeUndefined());
  it("is not found by another tenant, which finds its own of the same id", async () => {
    expect(await find(grace, other.tenantId)).toBeUndefined();
    expect(await find(ada, other.tenantId)).toMatchObject({ tenantId: other.tenantId, name: 'Their Ada' });
  });
});

describe('agents', () => {
  const names = async (...args: Parameters<typeof list>) => (await list(...args)).map(({ name }) => name);

  it('are listed oldest first, without those that are archived', async () => expect(await names()).toEqual(['Ada', 'Grace']));
  it('are listed with those that are archived where it is asked for', async () => expect(await names({}, true)).toEqual(['Ada', 'Grace', 'Archie']));
  it('are listed with the prompt that is active', async () =>
    expect((await list()).map(({ prompt: { instructions } }) => instructions)).toEqual(['I am Countess Ada.', 'I am Grace.']));
  it('are listed to each tenant by itself', async () => expect(await names({}, true, other.tenantId)).toEqual(['Their Ada']));
  it('are not listed to a tenant that has none', async () => expect(await names({}, true, crypto.randomUUID())).toEqual([]));
});

describe('the versions of a prompt', () => {
  it('are listed latest first, beside the number of the active one', async () =>
    expect(await versions(ada)).toMatchObject({
      activeVersion: 2,
      versions: [
        { version: 3, instructions: 'I am a draft.', activatedAt: null },
        { version: 2, activatedAt: new Date(now) },
        { version: 1, activatedAt: new Date(now) },
      ],
    }));
  it('are not listed of an agent that there is not, nor of one of another tenant', async () => {
    expect(await versions(crypto.randomUUID())).toBeUndefined();
    expect(await versions(grace, other.tenantId)).toBeUndefined();
  });
  it('are found by the place of their draft', async () => {
    expect(await draft(ada, 3n)).toMatchObject({ activeVersion: 2, versions: [{ version: 2 }] });
    expect(await draft(ada, 5n)).toMatchObject({ activeVersion: 2, versions: [{ version: 3 }] });
  });
  it('are not found by another place, nor by another tenant', async () => {
    expect(await draft(ada, 4n)).toBeUndefined();
    expect(await draft(ada, 5n, other.tenantId)).toBeUndefined();
  });
});
