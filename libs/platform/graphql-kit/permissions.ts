import type { Role } from '@parley/kernel/meta.js';
import { Requires } from './caller.js';

const OWNERS: readonly Role[] = ['platform-admin', 'tenant-owner'];
const ADMINS: readonly Role[] = [...OWNERS, 'tenant-admin'];

/**
 * What only some roles may, always within their own tenant (a platform administrator may name another where an operation says so).
 * What stands nowhere here is for every member, except that an auditor changes nothing.
 */
export const PERMISSIONS = {
  /** To sign out. */
  'session:end': [...ADMINS, 'member', 'analyst', 'auditor'],
  /** To add people and change their roles; to see the people's names and addresses. */
  'members:manage': ADMINS,
  /** To read the history of the tenant, its state at any moment, lineage and blast radius; to compare tables with the log. Personal text stays sealed. */
  'audit:read': [...ADMINS, 'auditor'],
  /** To take a bundle of the tenant's facts away and verify it. */
  'audit:export': [...OWNERS, 'auditor'],
  /** To say how long the tenant keeps things. The decider of retention says the same. */
  'retention:set': OWNERS,
  /** To erase oneself. */
  'self:erase': [...ADMINS, 'member', 'analyst', 'auditor'],
  /** To erase another person: to destroy their key. The decider of erasures says the same. */
  'people:erase': OWNERS,
  /** To see the usage of everyone in the tenant. */
  'usage:read': [...ADMINS, 'analyst', 'auditor'],
} as const satisfies Readonly<Record<string, readonly Role[]>>;

export type Permission = keyof typeof PERMISSIONS;

export const may = (role: Role, permission: Permission): boolean => (PERMISSIONS[permission] as readonly Role[]).includes(role);

/** Lets only callers in whose role has the permission. */
export const May = (permission: Permission) => Requires(...PERMISSIONS[permission]);

/** Who only ever reads. What such a role may change all the same stands in PERMISSIONS, and is marked with it. */
export const READ_ONLY: readonly Role[] = ['auditor'];
