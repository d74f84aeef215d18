import { defineDecider } from '@parley/kernel/decider.js';
import { defineError } from '@parley/kernel/domain-error.js';
import { AddMember, CreateTenant, type TenantCommand } from './tenant.commands.js';
import { MemberJoined, TenantCreated, type TenantEvent } from './tenant.events.js';

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
  commands: { CreateTenant, AddMember },
  events: { TenantCreated, MemberJoined },
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
  },

  evolve: {
    TenantCreated: (_, { data }) => ({ status: 'created', slug: data.slug, members: new Map() }),
    MemberJoined: (state, { data }) => (state.status === 'created' ? { ...state, members: latest(state.members, data.personId, data.role) } : state),
  },
});

function latest(members: ReadonlyMap<string, string>, personId: string, role: string): ReadonlyMap<string, string> {
  return new Map([...[...members].slice(1 - REMEMBERED_MEMBERS), [personId, role]]);
}
