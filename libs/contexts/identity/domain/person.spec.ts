import { meta, now, personId } from '@parley/platform/testing/meta.js';
import { specFor } from '@parley/platform/testing/spec-for.js';
import { RegisterPerson } from './person.commands.js';
import { PersonRegistered } from './person.events.js';
import { person, PersonAlreadyRegistered } from './person.js';

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
