import type { Projection } from '@parley/kernel/projection.js';
import { MemoryProjector } from '@parley/platform/read-model/memory.projector.js';
import { now, personId, tenantId } from '@parley/platform/testing/meta.js';
import { recorded } from '@parley/platform/testing/recorded.js';
import { ErasureRequested, PersonErased } from '../domain/erasure.events.js';
import { PersonAdded, PersonRegistered, PersonRoleChanged } from '../domain/person.events.js';
import { SessionEnded, SessionStarted } from '../domain/session.events.js';
import { erasures } from './erasures/erasures.projection.js';
import { people } from './people/people.projection.js';
import { sessions } from './sessions/sessions.projection.js';

const sessionId = crypto.randomUUID();
const [later, expiresAt] = ['2025-01-01T12:05:00.000Z', '2025-01-31T12:00:00.000Z'];

const registered = PersonRegistered({ personId, email: 'ada@example.org', role: 'tenant-owner', tenantSlug: null, registeredAt: now });
const added = PersonAdded({ personId, email: 'grace@example.org', name: 'Grace', role: 'member', addedBy: crypto.randomUUID(), addedAt: now });
const changed = PersonRoleChanged({ personId, role: 'auditor', before: 'member', changedBy: crypto.randomUUID(), changedAt: later });
const started = SessionStarted({ sessionId, personId, role: 'tenant-owner', startedAt: now, expiresAt });
const ended = SessionEnded({ sessionId, personId, reason: 'signed-out', endedAt: later });

const rowsOf = async (projection: Projection, ...facts: Parameters<typeof recorded>[0]) => {
  const projector = new MemoryProjector([projection]);
  await projector.apply(recorded(facts));
  return projector.rows(projection);
};

it('people show who registered', async () =>
  expect(await rowsOf(people, registered)).toEqual([{ tenantId, personId, email: 'ada@example.org', name: null, role: 'tenant-owner', registeredAt: new Date(now) }]));

it('people show who was added, in the role they have now', async () =>
  expect(await rowsOf(people, added, changed)).toEqual([{ tenantId, personId, email: 'grace@example.org', name: 'Grace', role: 'auditor', registeredAt: new Date(now) }]));

describe('sessions', () => {
  const row = { tenantId, sessionId, personId, role: 'tenant-owner', startedAt: new Date(now), expiresAt: new Date(expiresAt), endedAt: null, endReason: null };

  it('show one that started', async () => expect(await rowsOf(sessions, started)).toEqual([row]));
  it('show that it ended, and why', async () =>
    expect(await rowsOf(sessions, started, ended)).toEqual([{ ...row, endedAt: new Date(later), endReason: 'signed-out' }]));
});

describe('erasures', () => {
  const requested = ErasureRequested({ personId, requestedBy: personId, requestedAt: now });
  const erased = PersonErased({ personId, requestedBy: personId, requestedAt: now, erasedAt: later, sealed: { count: 7, digest: 'ab'.repeat(32) } });
  const row = { tenantId, personId, requestedBy: personId, requestedAt: new Date(now), erasedAt: null, sealedFacts: null, digest: null };

  it('show one that was asked for', async () => expect(await rowsOf(erasures, requested)).toEqual([row]));
  it('show that it is done, with the proof', async () =>
    expect(await rowsOf(erasures, requested, erased)).toEqual([{ ...row, erasedAt: new Date(later), sealedFacts: 7, digest: 'ab'.repeat(32) }]));
  it('of another tenant are not shown here', async () => expect(await rowsOf(erasures, requested, { ...erased, tenantId: crypto.randomUUID() })).toEqual([row]));
});

it.each([people, sessions])('another tenant with equal ids sees nothing of $name, and changes nothing', async (projection) => {
  const mine = await rowsOf(projection, registered, started);
  expect(mine).toHaveLength(1);
  expect(await rowsOf(projection, registered, started, { ...ended, tenantId: crypto.randomUUID() })).toEqual(mine);
});
