import { defineEvent, type EventOf } from '@parley/kernel/event.js';
import { id, instant, ROLES } from '@parley/kernel/meta.js';
import { personal } from '@parley/kernel/personal.js';
import { z } from 'zod';

/** What a person may be in a tenant: any role but ours. */
export const personRole = z.enum(ROLES).exclude(['system']);
export type PersonRole = z.output<typeof personRole>;

/** The name that a person wants for their tenant: 3 to 40 lower-case letters, digits and hyphens, a letter first. */
export const wantedSlug = z.string().regex(/^[a-z][a-z\d-]{1,38}[a-z\d]$/);

/**
 * Someone opened an account, and with it a tenant of their own: the tenant of this fact. First fact of every person stream.
 * Tenancy reads it (identity/contract), sets the tenant up and makes the person its member in that role.
 */
export const PersonRegistered = defineEvent(
  'PersonRegistered',
  z.object({ personId: id, email: personal(z.string()), role: personRole, tenantSlug: wantedSlug.nullable(), registeredAt: instant }),
  { subject: 'personId' },
);

/**
 * An owner or administrator took someone into the tenant of this fact, with an account of their own. First fact of the person's stream.
 * Tenancy reads it (identity/contract) and makes the person a member in that role.
 */
export const PersonAdded = defineEvent(
  'PersonAdded',
  z.object({ personId: id, email: personal(z.string()), name: personal(z.string().nullable()), role: personRole, addedBy: id, addedAt: instant }),
  { subject: 'personId' },
);

/** An owner or administrator gave someone another role. Their tokens carry it from the next refresh on. Tenancy reads it (identity/contract). */
export const PersonRoleChanged = defineEvent(
  'PersonRoleChanged',
  z.object({ personId: id, role: personRole, before: personRole, changedBy: id, changedAt: instant }),
);

export type PersonEvent = EventOf<typeof PersonRegistered | typeof PersonAdded | typeof PersonRoleChanged>;
