import { defineError } from '@parley/kernel/domain-error.js';
import type { Actor, Role } from '@parley/kernel/meta.js';
import type { PersonRole } from './person.events.js';

export class MemberManagementNotAllowed extends defineError(
  'IDENTITY_MEMBER_MANAGEMENT_NOT_ALLOWED',
  'forbidden',
  'Your role may not add members or change what they may do.',
  'Ask an owner or an administrator of the tenant.',
) {}

export class RoleNotYoursToGive extends defineError(
  'IDENTITY_ROLE_NOT_YOURS_TO_GIVE',
  'forbidden',
  'Your role may neither give nor take this one.',
  'Administrators leave owners to owners; platform administrators are made by platform administrators alone.',
) {}

const BELOW_OWNERS: readonly PersonRole[] = ['tenant-admin', 'member', 'analyst', 'auditor'];

/** Which roles a role may give, and take. */
const GIVES: Readonly<Partial<Record<Role, readonly PersonRole[]>>> = {
  'platform-admin': ['platform-admin', 'tenant-owner', ...BELOW_OWNERS],
  'tenant-owner': ['tenant-owner', ...BELOW_OWNERS],
  'tenant-admin': BELOW_OWNERS,
};

/** @throws MemberManagementNotAllowed, RoleNotYoursToGive */
export function mustGive({ role: own }: Actor, ...roles: readonly PersonRole[]): void {
  const given = GIVES[own];
  if (!given) throw new MemberManagementNotAllowed({ role: own });
  const refused = roles.find((role) => !given.includes(role));
  if (refused) throw new RoleNotYoursToGive({ role: refused });
}
