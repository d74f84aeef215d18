import type { EventOf } from '@parley/kernel/event.js';
import { defineReactor } from '@parley/kernel/reactor.js';
import { PersonRoleChanged } from '../domain/person.events.js';
import { GiveRole } from '../domain/sign-in.commands.js';

/** Makes sure that tokens carry a changed role, also when the process that changed it was stopped before it said so to the tables. */
export const giveRole = defineReactor<EventOf<typeof PersonRoleChanged>>({
  name: 'identity.give-role',
  events: { PersonRoleChanged },
  on: {
    PersonRoleChanged: ({ data: { personId, role }, revision }, meta) => [new GiveRole({ personId, role, revision: `${revision}` }, meta())],
  },
});
