import type { Role } from '@parley/kernel/meta.js';
import { meta, now, personId } from '@parley/platform/testing/meta.js';
import { specFor } from '@parley/platform/testing/spec-for.js';
import { ActivatePromptVersion, ArchiveAgent, CreateAgent, DraftPromptVersion, RenameAgent } from './agent.commands.js';
import { AgentArchived, AgentCreated, AgentRenamed, PromptVersionActivated, PromptVersionDrafted } from './agent.events.js';
import { agent, AgentIdTaken, AgentManagementNotAllowed, AgentNotActive, AgentNotFound, PromptVersionNotFound } from './agent.js';

type Prompt = Omit<CreateAgent['data'], 'agentId' | 'name'>;

const given = specFor(agent);
const agentId = '0190a000-0000-7000-8000-0000000000a1';
const prompt: Prompt = { provider: 'simulator', model: 'sim-small', instructions: 'Be kind.', temperature: 0.5, maxOutputTokens: 500 };
const kinder: Prompt = { ...prompt, instructions: 'Be kinder.', temperature: null, maxOutputTokens: null };

const created = AgentCreated({ agentId, name: 'Ada', createdBy: personId, createdAt: now });
const drafted = (version: number, words = prompt) => PromptVersionDrafted({ agentId, version, ...words, draftedBy: personId, draftedAt: now });
const activated = (version: number) => PromptVersionActivated({ agentId, version, activatedBy: personId, activatedAt: now });
const renamed = AgentRenamed({ agentId, name: 'Grace', renamedBy: personId, renamedAt: now });
const archived = AgentArchived({ agentId, archivedBy: personId, archivedAt: now });
const born = [created, drafted(1), activated(1)];

const create = (name = 'Ada', by = meta) => new CreateAgent({ agentId, name, ...prompt }, by);
const rename = new RenameAgent({ agentId, name: 'Grace' }, meta);
const archive = new ArchiveAgent({ agentId }, meta);
const draft = new DraftPromptVersion({ agentId, ...kinder }, meta);
const activate = (version: number) => new ActivatePromptVersion({ agentId, version }, meta);

const someoneElse = { ...meta, actor: { ...meta.actor, id: crypto.randomUUID() } };
const as = (role: Role) => ({ ...meta, actor: { ...meta.actor, role } });

describe('an agent', () => {
  it('is created with its prompt as version 1, active', () => given().when(create()).then(...born));
  it('is created once, though the creation be repeated', () => given(...born).when(create()).thenNothing());
  it('is created once, though it was renamed since', () => given(...born, renamed).when(create()).thenNothing());
  it('does not take the id of another agent', () => given(...born).when(create('Grace')).thenRefuses(AgentIdTaken));
  it("does not take the id of someone else's agent", () => given(...born).when(create('Ada', someoneElse)).thenRefuses(AgentIdTaken));

  it('is renamed', () => given(...born).when(rename).then(renamed));
  it('is renamed to the same name once', () => given(...born, renamed).when(rename).thenNothing());
  it('is not renamed before it is created', () => given().when(rename).thenRefuses(AgentNotFound));
  it('is not renamed after it is archived', () => given(...born, archived).when(rename).thenRefuses(AgentNotActive));

  it('is archived', () => given(...born).when(archive).then(archived));
  it('is archived once', () => given(...born, archived).when(archive).thenNothing());
  it('is not archived before it is created', () => given().when(archive).thenRefuses(AgentNotFound));

  it.each(['', '   ', 'a\0b', '\ud800', 'x'.repeat(101)])('has no name like %j', (name) => expect(() => create(name)).toThrow());
});

describe('the prompt of an agent', () => {
  it('gets a new version as a draft, with the next number', () => given(...born).when(draft).then(drafted(2, kinder)));
  it('gets one version for each draft, for the same words may be tried again', () => given(...born, drafted(2)).when(draft).then(drafted(3, kinder)));
  it('gets no version before the agent is created', () => given().when(draft).thenRefuses(AgentNotFound));
  it('gets no version after the agent is archived', () => given(...born, archived).when(draft).thenRefuses(AgentNotActive));

  it('is made active, one version at a time', () => given(...born, drafted(2)).when(activate(2)).then(activated(2)));
  it('is rolled back to an older version', () => given(...born, drafted(2), activated(2)).when(activate(1)).then(activated(1)));
  it('is activated once', () => given(...born).when(activate(1)).thenNothing());
  it('is not activated where there is no such version', () => given(...born).when(activate(2)).thenRefuses(PromptVersionNotFound));
  it('is not activated before the agent is created', () => given().when(activate(1)).thenRefuses(AgentNotFound));
  it('is not activated after the agent is archived', () => given(...born, drafted(2), archived).when(activate(2)).thenRefuses(AgentNotActive));
});

describe("the tenant's agents", () => {
  const commands = (role: Role) => [
    new CreateAgent({ agentId, name: 'Ada', ...prompt }, as(role)),
    new RenameAgent({ agentId, name: 'Grace' }, as(role)),
    new ArchiveAgent({ agentId }, as(role)),
    new DraftPromptVersion({ agentId, ...kinder }, as(role)),
    new ActivatePromptVersion({ agentId, version: 1 }, as(role)),
  ];

  it.each(['member', 'analyst', 'auditor'] as const)('are not changed by a role like %s, whether they exist or not', (role) => {
    for (const command of commands(role)) {
      given(...born).when(command).thenRefuses(AgentManagementNotAllowed);
      given().when(command).thenRefuses(AgentManagementNotAllowed);
    }
  });
  it.each(['tenant-owner', 'tenant-admin', 'platform-admin'] as const)('are created by a role like %s', (role) => given().when(create('Ada', as(role))).then(...born));
});
