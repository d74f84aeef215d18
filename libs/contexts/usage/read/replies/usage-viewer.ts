import type { Role } from '@parley/kernel/meta.js';

/** Who asks for usage. */
export interface UsageViewer {
  readonly tenantId: string;
  readonly personId: string;
  readonly role: Role;
}

/** Who sees the usage of everyone in the tenant. All others see their own. */
export const OVERSEERS: readonly Role[] = ['platform-admin', 'tenant-owner', 'tenant-admin', 'analyst', 'auditor'];

/** Whose usage it is; undefined: everyone's in the tenant. */
export const personSeenBy = ({ personId, role }: UsageViewer): string | undefined => (OVERSEERS.includes(role) ? undefined : personId);
