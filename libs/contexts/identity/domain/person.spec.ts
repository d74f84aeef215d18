import { meta, now, personId } from '@parley/platform/testing/meta.js';
import { specFor } from '@parley/platform/testing/spec-for.js';
import { MemberManagementNotAllowed, RoleNotYoursToGive } from './granting.js';
import { AddPerson, ChangePersonRole, RegisterPerson } from './person.commands.js';
import { PersonAdded, PersonRegistered, PersonRoleChanged } from './person.events.js';
import { OwnRoleFixed, person, PersonAlreadyRegistered, PersonNotFound } from './person.js';
import type { Role } from '@parley/kernel/meta.js';

const given = specFor(person);
const details = { personId, email: 'ada@example.org', role: 'tenant-owner', tenantSlug: null } as const;

const registered = PersonRegistered({ ...details, registeredAt: now });
const register = (changes: object = {}) => new RegisterPerson({ ...details, ...changes }, meta);

describe('a person', () => {
  it('registers', () => given().when(register()).then(registered));
  it('registers only once', () => given(registered).when(register()).thenRefuses(PersonAlreadyRegistered));
  it('is known by their address in lower case, without spaces around it', () =>
    given().when(register({ email: ' Ada@Example.ORG ' })).then(registered));
  it.each(['', 'ada', 'ada@', '@example.org', 'ada@example', 'a da@example.org', 'ada@example.org\0', `${'a'.repeat(250)}@example.org`])(
    'has no address like %j',
    (email) => expect(() => register({ email })).toThrow(),
  );
  it.each(['ab', '-abc', '1abc', 'abc-', 'Abc', 'a_c', 'a'.repeat(41)])('has no tenant called %j', (tenantSlug) =>
    expect(() => register({ tenantSlug })).toThrow(),
  );
  it('is never the system', () => expect(() => register({ role: 'system' })).toThrow());
  it('has an address that their key seals', () => expect({ ...PersonRegistered }).toMatchObject({ personal: ['email'], subject: 'personId' }));
});

describe('a person of somebody’s tenant', () => {
  const colleagueId = '0190a000-0000-7000-8000-000000000022';
  const by = (role: Role) => ({ ...meta, actor: { ...meta.actor, role } });
  const whom = { personId: colleagueId, email: 'grace@example.org', name: 'Grace', role: 'member' } as const;
  const added = PersonAdded({ ...whom, addedBy: personId, addedAt: now });
  const owner = PersonAdded({ ...whom, role: 'tenant-owner', addedBy: personId, addedAt: now });
  const changed = PersonRoleChanged({ personId: colleagueId, role: 'auditor', before: 'member', changedBy: personId, changedAt: now });
  const add = (role: Role = 'tenant-owner', changes: object = {}) => new AddPerson({ ...whom, ...changes }, by(role));
  const change = (role: Role = 'tenant-owner', to: 'auditor' | 'tenant-owner' | 'platform-admin' = 'auditor', whose = colleagueId) =>
    new ChangePersonRole({ personId: whose, role: to }, by(role));

  it('is added', () => given().when(add()).then(added));
  it('is added once', () => given(added).when(add()).thenRefuses(PersonAlreadyRegistered));
  it.each(['member', 'analyst', 'auditor', 'system'] as const)('is not added by a %s', (role) => given().when(add(role)).thenRefuses(MemberManagementNotAllowed));
  it('is made an owner by owners, not by administrators', () => {
    given().when(add('tenant-owner', { role: 'tenant-owner' })).then(owner);
    given().when(add('tenant-admin', { role: 'tenant-owner' })).thenRefuses(RoleNotYoursToGive);
  });
  it('has an address and a name that their key seals', () => expect({ ...PersonAdded }).toMatchObject({ personal: ['email', 'name'], subject: 'personId' }));

  it('is given another role', () => given(added).when(change()).then(changed));
  it('is given the same role once', () => given(added, changed).when(change()).thenNothing());
  it('is given no role before they are there', () => given().when(change()).thenRefuses(PersonNotFound));
  it.each(['member', 'analyst', 'auditor'] as const)('is given no role by a %s', (role) => given(added).when(change(role)).thenRefuses(MemberManagementNotAllowed));
  it('does not change their own', () => given({ ...registered, data: { ...registered.data } }).when(change('tenant-owner', 'auditor', personId)).thenRefuses(OwnRoleFixed));
  it('keeps being an owner, whatever an administrator wants', () => given(owner).when(change('tenant-admin')).thenRefuses(RoleNotYoursToGive));
  it('becomes a platform administrator by one alone', () => {
    given(added).when(change('tenant-owner', 'platform-admin')).thenRefuses(RoleNotYoursToGive);
    given(added).when(change('platform-admin', 'platform-admin')).then(PersonRoleChanged({ ...changed.data, role: 'platform-admin' }));
  });
});
