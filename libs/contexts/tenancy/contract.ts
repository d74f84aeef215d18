/** What other contexts may know of tenancy. Nothing else of tenancy may be imported from outside. */
export { MemberJoined, MemberRoleChanged, TenantCreated } from './domain/tenant.events.js';
