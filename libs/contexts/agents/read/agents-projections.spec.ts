import type { Projection } from '@parley/kernel/projection.js';
import { MemoryProjector } from '@parley/platform/read-model/memory.projector.js';
import { now, personId, tenantId } from '@parley/platform/testing/meta.js';
import { recorded } from '@parley/platform/testing/recorded.js';
import { AgentArchived, AgentCreated, AgentRenamed, PromptVersionActivated, PromptVersionDrafted } from '../domain/agent.events.js';
import { agentsProjections } from './agents-projections.js';
import { agents } from './agents/agents.projection.js';
import { promptVersions } from './prompt-versions/prompt-versions.projection.js';

const agentId = crypto.randomUUID();
const later = '2025-01-01T12:05:00.000Z';
const prompt = { provider: 'simulator', model: 'sim-small', instructions: 'Be kind.', temperature: 0.5, maxOutputTokens: null };

const created = AgentCreated({ agentId, name: 'Ada', createdBy: personId, createdAt: now });
const drafted = (version: number) => PromptVersionDrafted({ agentId, version, ...prompt, draftedBy: personId, draftedAt: now });
const activated = (version: number) => PromptVersionActivated({ agentId, version, activatedBy: personId, activatedAt: later });
const renamed = AgentRenamed({ agentId, name: 'Grace', renamedBy: personId, renamedAt: later });
const archived = AgentArchived({ agentId, archivedBy: personId, archivedAt: later });

const rowsOf = async (projection: Projection, ...facts: Parameters<typeof recorded>[0]) => {
  const projector = new MemoryProjector([projection]);
  await projector.apply(recorded(facts));
  return projector.rows(projection);
};

describe('agents', () => {
  const row = { tenantId, agentId, name: 'Ada', activeVersion: 1, latestVersion: 1, createdBy: personId, createdAt: new Date(now), archivedAt: null };
  const born = [created, drafted(1), activated(1)];

  it('show one that was created, with its prompt', async () => expect(await rowsOf(agents, ...born)).toEqual([row]));
  it('show the new name', async () => expect(await rowsOf(agents, ...born, renamed)).toEqual([{ ...row, name: 'Grace' }]));
  it('show when one was archived', async () => expect(await rowsOf(agents, ...born, archived)).toEqual([{ ...row, archivedAt: new Date(later) }]));
  it('tell a draft from the active version', async () => expect(await rowsOf(agents, ...born, drafted(2))).toEqual([{ ...row, latestVersion: 2 }]));
  it('show a rollback', async () =>
    expect(await rowsOf(agents, ...born, drafted(2), activated(2), activated(1))).toEqual([{ ...row, latestVersion: 2, activeVersion: 1 }]));
});

describe('prompt versions', () => {
  const row = { tenantId, agentId, version: 1, ...prompt, draftedBy: personId, draftedAt: new Date(now), draftedRevision: 1n, activatedAt: null };

  it('show a draft', async () => expect(await rowsOf(promptVersions, created, drafted(1))).toEqual([row]));
  it('show when one was activated, and leave the others', async () =>
    expect(await rowsOf(promptVersions, created, drafted(1), activated(1), drafted(2))).toEqual([
      { ...row, activatedAt: new Date(later) },
      { ...row, version: 2, draftedRevision: 3n },
    ]));
});

it.each(agentsProjections)('another tenant with equal ids sees nothing of $name, and changes nothing', async (projection) => {
  const mine = await rowsOf(projection, created, drafted(1), activated(1));
  expect(mine).toHaveLength(1);
  const theirs = [renamed, archived, activated(1)].map((fact) => ({ ...fact, tenantId: crypto.randomUUID() }));
  expect(await rowsOf(projection, created, drafted(1), activated(1), ...theirs)).toEqual(mine);
});
