import { PersonAdded, PersonRoleChanged } from '@parley/identity/contract.js';
import type { EventOf } from '@parley/kernel/event.js';
import { defineReactor } from '@parley/kernel/reactor.js';
import { AddMember, ChangeMemberRole } from '../domain/tenant.commands.js';

/** Who is taken into a tenant is its member, and what they may do is what their person's facts say. */
export const keepMembers = defineReactor<EventOf<typeof PersonAdded | typeof PersonRoleChanged>>({
  name: 'tenancy.keep-members',
  events: { PersonAdded, PersonRoleChanged },
  on: {
    PersonAdded: ({ data: { personId, role }, meta: { tenantId } }, meta) => [new AddMember({ tenantId, personId, role }, meta())],
    PersonRoleChanged: ({ data: { personId, role }, meta: { tenantId } }, meta) => [new ChangeMemberRole({ tenantId, personId, role }, meta())],
  },
});
