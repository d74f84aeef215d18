import { PersonRegistered } from '@parley/identity/contract.js';
import type { Event, Fact } from '@parley/kernel/event.js';
import type { React } from '@parley/kernel/reactor.js';
import { meta, now, personId, tenantId } from '@parley/platform/testing/meta.js';
import { recorded } from '@parley/platform/testing/recorded.js';
import { setUpTenant } from './set-up-tenant.reactor.js';

const registered = (tenantSlug: string | null) =>
  PersonRegistered({ personId, email: 'ada@example.org', role: 'tenant-owner', tenantSlug, registeredAt: now });

const reactionTo = (event: Event) => {
  const [fact] = recorded([event]) as [Fact];
  const react = (setUpTenant.on as Readonly<Record<string, React<Event>>>)[event.type]!;
  return react(fact, (index = 0) => ({ ...meta, commandId: `derived/${index}` })).map(({ type, data, meta: { commandId } }) => ({ type, data, commandId }));
};

it('who registers gets a personal tenant, named by its id, and is its owner', () =>
  expect(reactionTo(registered(null))).toEqual([
    { type: 'CreateTenant', data: { tenantId, slug: 'p-0190a000000070008000000000000001', kind: 'personal' }, commandId: 'derived/0' },
    { type: 'AddMember', data: { tenantId, personId, role: 'tenant-owner' }, commandId: 'derived/1' },
  ]));

it('who registers with a name for the tenant gets it', () =>
  expect(reactionTo(registered('demo'))).toMatchObject([{ data: { slug: 'demo', kind: 'organisation' } }, { data: { role: 'tenant-owner' } }]));

it('the second time gives the same', () => expect(reactionTo(registered(null))).toEqual(reactionTo(registered(null))));
