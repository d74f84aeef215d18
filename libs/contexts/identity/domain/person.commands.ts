import { defineCommand } from '@parley/kernel/command.js';
import { id } from '@parley/kernel/meta.js';
import { z } from 'zod';
import { emailAddress } from './email.js';
import { personRole, wantedSlug } from './person.events.js';

/** Follows from `Register`, once the e-mail address is theirs. Tenant: the person's own, to be. */
export class RegisterPerson extends defineCommand(
  'RegisterPerson',
  z.object({ personId: id, email: emailAddress, role: personRole, tenantSlug: wantedSlug.nullable() }),
) {}

export type PersonCommand = RegisterPerson;
