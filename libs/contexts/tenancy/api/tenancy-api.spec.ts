import { PersonRegistered } from '@parley/identity/contract.js';
import { capturedLog } from '@parley/platform/testing/captured-log.js';
import { meta, now } from '@parley/platform/testing/meta.js';
import { SpecGateway } from '@parley/platform/testing/spec-gateway.js';
import { type Answer, caller } from '@parley/platform/testing/toy-gateway.js';
import { TenancyReactModule } from '../react/tenancy-react.module.js';
import { TenancyProjectionModule } from '../read/tenancy-projection.module.js';
import { TenancyQueryModule } from '../read/tenancy-query.module.js';
import { TenancyWriteModule } from '../write/tenancy-write.module.js';
import { TenancyApiModule } from './tenancy-api.module.js';

const TENANT = '{ tenant { id slug kind members { nodes { personId role } pageInfo { hasNextPage } } } }';

capturedLog();
let gateway: SpecGateway;
beforeAll(async () => {
  gateway = await SpecGateway.open(TenancyWriteModule, TenancyReactModule, TenancyProjectionModule, TenancyQueryModule, TenancyApiModule);
});
afterAll(() => gateway.close());

const register = async (tenantSlug: string | null = null) => {
  const [tenantId, personId] = [crypto.randomUUID(), crypto.randomUUID()];
  const registered = PersonRegistered({ personId, email: 'ada@example.org', role: 'tenant-owner', tenantSlug, registeredAt: now });
  await gateway.record(`identity.person-${tenantId}.${personId}`, [registered], { PersonRegistered }, { ...meta, tenantId });
  return { tenantId, personId, ask: gateway.as(caller({ tenantId, personId })) };
};

/** A tenant follows a registration within moments. */
async function settled(ask: (query: string) => Promise<Answer>): Promise<Answer> {
  for (let tries = 0; tries < 200; tries++) {
    const answer = await ask(TENANT);
    const { tenant } = (answer.data ?? {}) as { tenant?: { members: { nodes: unknown[] } } };
    if (tenant && tenant.members.nodes.length > 0) return answer;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error('the tenant did not come');
}

it('who registers finds their tenant, and themselves in it', async () => {
  const { tenantId, personId, ask } = await register();
  expect((await settled(ask)).data).toEqual({
    tenant: {
      id: tenantId,
      slug: `p-${tenantId.replaceAll('-', '')}`,
      kind: 'PERSONAL',
      members: { nodes: [{ personId, role: 'TENANT_OWNER' }], pageInfo: { hasNextPage: false } },
    },
  });
});

it('a name goes to the first tenant that wants it, and to no other', async () => {
  const first = await register('analytical-engine');
  expect((await settled(first.ask)).data).toMatchObject({ tenant: { slug: 'analytical-engine', kind: 'ORGANISATION' } });
  const second = await register('analytical-engine');
  const third = await register();
  await settled(third.ask); // the refusal before it was passed: others go on
  expect((await second.ask(TENANT)).errors[0]?.extensions).toMatchObject({ code: 'TENANCY_TENANT_NOT_READY', kind: 'unavailable' });
});

it('another tenant’s members are nobody’s to see', async () => {
  const [ada, grace] = [await register(), await register()];
  await Promise.all([settled(ada.ask), settled(grace.ask)]);
  expect((await ada.ask(TENANT)).text).not.toContain(grace.personId);
});
