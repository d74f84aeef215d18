import type { Projection } from '@parley/kernel/projection.js';
import { MemoryProjector } from '@parley/platform/read-model/memory.projector.js';
import { now, personId, tenantId } from '@parley/platform/testing/meta.js';
import { recorded } from '@parley/platform/testing/recorded.js';
import { MemberJoined, MemberRoleChanged, TenantCreated } from '../domain/tenant.events.js';
import { members } from './members/members.projection.js';
import { tenancyProjections } from './tenancy-projections.js';
import { tenants } from './tenants/tenants.projection.js';

const created = TenantCreated({ tenantId, slug: 'lovelace', kind: 'personal', createdAt: now });
const joined = MemberJoined({ tenantId, personId, role: 'tenant-owner', joinedAt: now });

const rowsOf = async (projection: Projection, ...facts: Parameters<typeof recorded>[0]) => {
  const projector = new MemoryProjector([projection]);
  await projector.apply(recorded(facts));
  return projector.rows(projection);
};

it('tenants show the tenant', async () => expect(await rowsOf(tenants, created)).toEqual([{ tenantId, slug: 'lovelace', kind: 'personal', createdAt: new Date(now) }]));

it('members show who joined, in which role', async () =>
  expect(await rowsOf(members, created, joined)).toEqual([{ tenantId, personId, role: 'tenant-owner', joinedAt: new Date(now) }]));

it('members show the role that they have now', async () => {
  const changed = MemberRoleChanged({ tenantId, personId, role: 'auditor', changedAt: now });
  expect(await rowsOf(members, created, joined, changed)).toEqual([{ tenantId, personId, role: 'auditor', joinedAt: new Date(now) }]);
});

it.each(tenancyProjections)('another tenant with equal ids sees nothing of $name, and changes nothing', async (projection) => {
  const other = crypto.randomUUID();
  const mine = await rowsOf(projection, created, joined);
  const both = await rowsOf(projection, created, joined, { ...created, tenantId: other }, { ...joined, tenantId: other });
  expect(both).toHaveLength(2);
  expect(both.filter((row) => row.tenantId === tenantId)).toEqual(mine);
});
