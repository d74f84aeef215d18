import { defineDecider } from '@parley/kernel/decider.js';
import { defineError } from '@parley/kernel/domain-error.js';
import { mustGive } from './granting.js';
import { AddPerson, ChangePersonRole, type PersonCommand, RegisterPerson } from './person.commands.js';
import { PersonAdded, type PersonEvent, PersonRegistered, PersonRoleChanged, type PersonRole } from './person.events.js';

export class PersonAlreadyRegistered extends defineError(
  'IDENTITY_PERSON_ALREADY_REGISTERED',
  'conflict',
  'This person is registered.',
  'Sign in.',
) {}

export class PersonNotFound extends defineError(
  'IDENTITY_PERSON_NOT_FOUND',
  'not-found',
  'There is no such person in your tenant.',
  'Ask `people` for those that there are.',
) {}

export class OwnRoleFixed extends defineError(
  'IDENTITY_OWN_ROLE_FIXED',
  'forbidden',
  'Nobody changes their own role.',
  'Ask another owner or administrator: so a tenant always keeps one.',
) {}

/** Without the e-mail address: a remembered state must not keep what a destroyed key has erased. */
export type Person = { readonly status: 'unknown' } | { readonly status: 'registered'; readonly role: PersonRole };

/** One person of a tenant: that they registered or were added, once; and what they may do. */
export const person = defineDecider<Person, PersonCommand, PersonEvent>({
  category: 'identity.person',
  commands: { RegisterPerson, AddPerson, ChangePersonRole },
  events: { PersonRegistered, PersonAdded, PersonRoleChanged },
  id: (command) => command.data.personId,

  initialState: { status: 'unknown' },

  decide: {
    RegisterPerson({ data, meta }, state) {
      if (state.status === 'registered') throw new PersonAlreadyRegistered();
      return [PersonRegistered({ ...data, registeredAt: meta.now })];
    },

    AddPerson({ data, meta }, state) {
      mustGive(meta.actor, data.role);
      if (state.status === 'registered') throw new PersonAlreadyRegistered();
      return [PersonAdded({ ...data, addedBy: meta.actor.id, addedAt: meta.now })];
    },

    ChangePersonRole({ data: { personId, role }, meta }, state) {
      mustGive(meta.actor, role);
      if (state.status === 'unknown') throw new PersonNotFound({ personId });
      mustGive(meta.actor, state.role);
      if (personId === meta.actor.id) throw new OwnRoleFixed();
      if (state.role === role) return [];
      return [PersonRoleChanged({ personId, role, before: state.role, changedBy: meta.actor.id, changedAt: meta.now })];
    },
  },

  evolve: {
    PersonRegistered: (_, { data: { role } }) => ({ status: 'registered', role }),
    PersonAdded: (_, { data: { role } }) => ({ status: 'registered', role }),
    PersonRoleChanged: (state, { data: { role } }) => ({ ...state, role }),
  },
});
