import { ROLES } from '@parley/kernel/meta.js';
import { enumOf } from './metering.types.js';

/** The roles that a person may have in a tenant; `system` is nobody's. */
export const RoleEnum = enumOf('Role', 'What someone may do in a tenant.', ROLES.filter((role) => role !== 'system'));
