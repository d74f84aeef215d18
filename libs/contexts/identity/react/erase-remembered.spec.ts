import type { EventOf, Fact } from '@parley/kernel/event.js';
import { ErasureRemembered } from '@parley/platform/personal-data/erasures.events.js';
import { meta, now, personId } from '@parley/platform/testing/meta.js';
import { recorded } from '@parley/platform/testing/recorded.js';
import { RepeatErasure } from '../domain/erasure.commands.js';
import { eraseRemembered } from './erase-remembered.reactor.js';

const remembered = ErasureRemembered({ personId, rememberedBy: 'operator/ada', rememberedAt: now });
const react = () => eraseRemembered.on.ErasureRemembered!(recorded([remembered])[0] as Fact<EventOf<typeof ErasureRemembered>>, () => meta);

it('a person whom the list remembers is erased again, and the second time by the same command', () => {
  expect(react()).toEqual([new RepeatErasure({ personId }, meta)]);
  expect(react()).toEqual(react());
});
