import type { Event, Fact } from '@parley/kernel/event.js';
import type { React } from '@parley/kernel/reactor.js';
import { meta, now, personId } from '@parley/platform/testing/meta.js';
import { recorded } from '@parley/platform/testing/recorded.js';
import { PersonRoleChanged } from '../domain/person.events.js';
import { giveRole } from './give-role.reactor.js';

const reactionTo = (event: Event) => {
  const [fact] = recorded([event]) as [Fact];
  const react = (giveRole.on as Readonly<Record<string, React<Event>>>)[event.type]!;
  return react(fact, (index = 0) => ({ ...meta, commandId: `derived/${index}` })).map(({ type, data }) => ({ type, data }));
};
const changed = PersonRoleChanged({ personId, role: 'auditor', before: 'member', changedBy: crypto.randomUUID(), changedAt: now });

it('a changed role goes to the tables that tokens are made from, with the revision that said it', () =>
  expect(reactionTo(changed)).toEqual([{ type: 'GiveRole', data: { personId, role: 'auditor', revision: '0' } }]));

it('the second time gives the same', () => expect(reactionTo(changed)).toEqual(reactionTo(changed)));
