import { PersonAdded, PersonRoleChanged } from '@parley/identity/contract.js';
import type { Event, Fact } from '@parley/kernel/event.js';
import type { React } from '@parley/kernel/reactor.js';
import { meta, now, personId, tenantId } from '@parley/platform/testing/meta.js';
import { recorded } from '@parley/platform/testing/recorded.js';
import { keepMembers } from './keep-members.reactor.js';

const added = PersonAdded({ personId, email: 'ada@example.org', name: 'Ada', role: 'auditor', addedBy: crypto.randomUUID(), addedAt: now });
const changed = PersonRoleChanged({ personId, role: 'analyst', before: 'auditor', changedBy: crypto.randomUUID(), changedAt: now });

const reactionTo = (event: Event) => {
  const [fact] = recorded([event]) as [Fact];
  const react = (keepMembers.on as Readonly<Record<string, React<Event>>>)[event.type]!;
  return react(fact, (index = 0) => ({ ...meta, commandId: `derived/${index}` })).map(({ type, data, meta: { commandId } }) => ({ type, data, commandId }));
};

it('who is taken in is a member', () =>
  expect(reactionTo(added)).toEqual([{ type: 'AddMember', data: { tenantId, personId, role: 'auditor' }, commandId: 'derived/0' }]));

it('a changed role is the member’s', () =>
  expect(reactionTo(changed)).toEqual([{ type: 'ChangeMemberRole', data: { tenantId, personId, role: 'analyst' }, commandId: 'derived/0' }]));

it.each([added, changed])('the second time gives the same', (event) => expect(reactionTo(event)).toEqual(reactionTo(event)));
