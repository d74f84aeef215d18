import { defineDecider } from '@parley/kernel/decider.js';
import { defineError } from '@parley/kernel/domain-error.js';
import { AddMember, ChangeMemberRole, CreateTenant, type TenantCommand } from './tenant.commands.js';
import { MemberJoined, MemberRoleChanged, TenantCreated, type TenantEvent } from './tenant.events.js';

export class TenantAlreadyCreated extends defineError(
  'TENANCY_TENANT_ALREADY_CREATED',
  'conflict',
  'This tenant exists under another name.',
  'Use the tenant as it is.',
) {}

export class TenantUnknown extends defineError('TENANCY_TENANT_UNKNOWN', 'not-found', 'There is no such tenant.', 'Create the tenant first.') {}

export class MemberHasAnotherRole extends defineError(
  'TENANCY_MEMBER_HAS_ANOTHER_ROLE',
  'conflict',
  'This person is a member, in another role.',
  'Leave the role as it is.',
) {}

export type Tenant =
  | { readonly status: 'new' }
  | {
      readonly status: 'created';
      readonly slug: string;
      /** The roles of the latest members, by person: enough to recognise a repeat. */
      readonly members: ReadonlyMap<string, string>;
    };

/** How many members a state remembers, the latest. Bounded, so that a large tenant decides as quickly as a small one. */
const REMEMBERED_MEMBERS = 64;

/** One tenant and its members. */
export const tenant = defineDecider<Tenant, TenantCommand, TenantEvent>({
  category: 'tenancy.tenant',
  commands: { CreateTenant, AddMember, ChangeMemberRole },
  events: { TenantCreated, MemberJoined, MemberRoleChanged },
  id: (command) => command.data.tenantId,

  initialState: { status: 'new' },

  decide: {
    CreateTenant({ data, meta }, state) {
      if (state.status === 'created') {
        if (state.slug !== data.slug) throw new TenantAlreadyCreated({ slug: state.slug });
        return [];
      }
      return [TenantCreated({ ...data, createdAt: meta.now })];
    },

    AddMember({ data, meta }, state) {
      if (state.status === 'new') throw new TenantUnknown();
      const role = state.members.get(data.personId);
      if (role === data.role) return [];
      if (role) throw new MemberHasAnotherRole({ role });
      return [MemberJoined({ ...data, joinedAt: meta.now })];
    },

    ChangeMemberRole({ data, meta }, state) {
      if (state.status === 'new') throw new TenantUnknown();
      if (state.members.get(data.personId) === data.role) return [];
      return [MemberRoleChanged({ ...data, changedAt: meta.now })];
    },
  },

  evolve: {
    TenantCreated: (_, { data }) => ({ status: 'created', slug: data.slug, members: new Map() }),
    MemberJoined: (state, { data }) => withMember(state, data),
    MemberRoleChanged: (state, { data }) => withMember(state, data),
  },
});

function withMember(state: Tenant, { personId, role }: { readonly personId: string; readonly role: string }): Tenant {
  if (state.status === 'new') return state;
  const others = [...state.members].filter(([id]) => id !== personId);
  return { ...state, members: new Map([...others.slice(1 - REMEMBERED_MEMBERS), [personId, role]]) };
}
