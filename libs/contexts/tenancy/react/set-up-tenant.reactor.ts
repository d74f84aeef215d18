import { PersonRegistered } from '@parley/identity/contract.js';
import type { EventOf } from '@parley/kernel/event.js';
import { defineReactor } from '@parley/kernel/reactor.js';
import { AddMember, CreateTenant } from '../domain/tenant.commands.js';

/** Who registers gets a tenant, and is its first member. */
export const setUpTenant = defineReactor<EventOf<typeof PersonRegistered>>({
  name: 'tenancy.set-up-tenant',
  events: { PersonRegistered },
  on: {
    PersonRegistered: ({ data: { personId, role, tenantSlug }, meta: { tenantId } }, meta) => [
      new CreateTenant({ tenantId, slug: tenantSlug ?? personalSlug(tenantId), kind: tenantSlug ? 'organisation' : 'personal' }, meta(0)),
      new AddMember({ tenantId, personId, role }, meta(1)),
    ],
  },
});

/** A name that nobody else can have, for it is the id; and that tells nothing of the person. */
const personalSlug = (tenantId: string) => `p-${tenantId.replaceAll('-', '')}`;
