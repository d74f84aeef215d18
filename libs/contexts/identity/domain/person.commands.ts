import { defineCommand, writtenText } from '@parley/kernel/command.js';
import { id } from '@parley/kernel/meta.js';
import { z } from 'zod';
import { emailAddress } from './email.js';
import { personRole, wantedSlug } from './person.events.js';

/** Follows from `Register`, once the e-mail address is theirs. Tenant: the person's own, to be. */
export class RegisterPerson extends defineCommand(
  'RegisterPerson',
  z.object({ personId: id, email: emailAddress, role: personRole, tenantSlug: wantedSlug.nullable() }),
) {}

/** Longest name of a person, in UTF-16 code units. */
export const MAX_PERSON_NAME_LENGTH = 200;

/** Follows from `Enrol`, once the e-mail address is theirs. Owners and administrators may. */
export class AddPerson extends defineCommand(
  'AddPerson',
  z.object({ personId: id, email: emailAddress, name: writtenText(MAX_PERSON_NAME_LENGTH).trim().min(1).nullable(), role: personRole }),
) {}

/** Gives a person of the tenant another role. Owners and administrators may; nobody changes their own. The same role again changes nothing. */
export class ChangePersonRole extends defineCommand('ChangePersonRole', z.object({ personId: id, role: personRole })) {}

export type PersonCommand = RegisterPerson | AddPerson | ChangePersonRole;
