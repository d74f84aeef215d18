import { defineEvent, type EventOf } from '@parley/kernel/event.js';
import { id, instant, ROLES } from '@parley/kernel/meta.js';
import { z } from 'zod';

/** A tenant's name in addresses: 3 to 40 lower-case letters, digits and hyphens, a letter first. */
export const slug = z.string().regex(/^[a-z][a-z\d-]{1,38}[a-z\d]$/);

/** What a member may do: any role but ours. */
export const memberRole = z.enum(ROLES).exclude(['system']);

/** `personal`: it came with a person. `organisation`: it was set up under a name of its own. */
export const TENANT_KINDS = ['personal', 'organisation'] as const;

/** A tenant was set up, under a name that no other tenant has. First fact of every tenant stream. */
export const TenantCreated = defineEvent('TenantCreated', z.object({ tenantId: id, slug, kind: z.enum(TENANT_KINDS), createdAt: instant }));

/** A person may work in the tenant, in that role. */
export const MemberJoined = defineEvent('MemberJoined', z.object({ tenantId: id, personId: id, role: memberRole, joinedAt: instant }));

/** A member may do something else from now on. Follows from identity's `PersonRoleChanged`. */
export const MemberRoleChanged = defineEvent('MemberRoleChanged', z.object({ tenantId: id, personId: id, role: memberRole, changedAt: instant }));

export type TenantEvent = EventOf<typeof TenantCreated | typeof MemberJoined | typeof MemberRoleChanged>;
