import { meta, now, personId, tenantId } from '@parley/platform/testing/meta.js';
import { specFor } from '@parley/platform/testing/spec-for.js';
import { AddMember, ChangeMemberRole, CreateTenant } from './tenant.commands.js';
import { MemberJoined, MemberRoleChanged, TenantCreated } from './tenant.events.js';
import { MemberHasAnotherRole, tenant, TenantAlreadyCreated, TenantUnknown } from './tenant.js';

const given = specFor(tenant);

const created = TenantCreated({ tenantId, slug: 'lovelace', kind: 'personal', createdAt: now });
const joined = MemberJoined({ tenantId, personId, role: 'tenant-owner', joinedAt: now });

const changed = MemberRoleChanged({ tenantId, personId, role: 'auditor', changedAt: now });

const change = () => new ChangeMemberRole({ tenantId, personId, role: 'auditor' }, meta);
const create = (slug = 'lovelace') => new CreateTenant({ tenantId, slug, kind: 'personal' }, meta);
const add = (role: 'tenant-owner' | 'member' = 'tenant-owner') => new AddMember({ tenantId, personId, role }, meta);

describe('a tenant', () => {
  it('is created', () => given().when(create()).then(created));
  it('is created once', () => given(created).when(create()).thenNothing());
  it('keeps its name', () => given(created).when(create('babbage')).thenRefuses(TenantAlreadyCreated));
  it.each(['ab', '-abc', '1abc', 'abc-', 'Abc', 'a_c', 'a.c', 'a'.repeat(41)])('is not called %j', (slug) => expect(() => create(slug)).toThrow());

  it('takes a member', () => given(created).when(add()).then(joined));
  it('takes the same member once', () => given(created, joined).when(add()).thenNothing());
  it('does not change a member’s role by adding them again', () => given(created, joined).when(add('member')).thenRefuses(MemberHasAnotherRole));
  it('gives a member another role', () => given(created, joined).when(change()).then(changed));
  it('gives a member the same role once', () => given(created, joined, changed).when(change()).thenNothing());
  it('gives nobody a role before it is created', () => given().when(change()).thenRefuses(TenantUnknown));
  it('takes no member before it is created', () => given().when(add()).thenRefuses(TenantUnknown));
});
