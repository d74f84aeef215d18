import { defineDecider } from '@parley/kernel/decider.js';
import { defineError } from '@parley/kernel/domain-error.js';
import { type PersonCommand, RegisterPerson } from './person.commands.js';
import { type PersonEvent, PersonRegistered } from './person.events.js';

export class PersonAlreadyRegistered extends defineError(
  'IDENTITY_PERSON_ALREADY_REGISTERED',
  'conflict',
  'This person is registered.',
  'Sign in.',
) {}

/** Without the e-mail address: a remembered state must not keep what a destroyed key has erased. */
export type Person = { readonly status: 'unknown' } | { readonly status: 'registered' };

/** One person of a tenant: that they registered, once. */
export const person = defineDecider<Person, PersonCommand, PersonEvent>({
  category: 'identity.person',
  commands: { RegisterPerson },
  events: { PersonRegistered },
  id: (command) => command.data.personId,

  initialState: { status: 'unknown' },

  decide: {
    RegisterPerson({ data, meta }, state) {
      if (state.status === 'registered') throw new PersonAlreadyRegistered();
      return [PersonRegistered({ ...data, registeredAt: meta.now })];
    },
  },

  evolve: {
    PersonRegistered: () => ({ status: 'registered' }),
  },
});
