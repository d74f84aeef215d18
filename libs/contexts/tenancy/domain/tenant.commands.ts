import { defineCommand } from '@parley/kernel/command.js';
import { id } from '@parley/kernel/meta.js';
import { z } from 'zod';
import { memberRole, slug, TENANT_KINDS } from './tenant.events.js';

/** Idempotent per tenant: a tenant is created once. */
export class CreateTenant extends defineCommand('CreateTenant', z.object({ tenantId: id, slug, kind: z.enum(TENANT_KINDS) })) {}

/** Idempotent per person. */
export class AddMember extends defineCommand('AddMember', z.object({ tenantId: id, personId: id, role: memberRole })) {}

/** Follows from a change of the person's role. The same role again changes nothing. */
export class ChangeMemberRole extends defineCommand('ChangeMemberRole', z.object({ tenantId: id, personId: id, role: memberRole })) {}

export type TenantCommand = CreateTenant | AddMember | ChangeMemberRole;
