import { members } from './members/members.projection.js';
import { tenants } from './tenants/tenants.projection.js';

/** All read models of tenancy. */
export const tenancyProjections = [tenants, members];
