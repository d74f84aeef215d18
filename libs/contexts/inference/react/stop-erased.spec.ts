import { PersonErased } from '@parley/identity/contract.js';
import type { Fact } from '@parley/kernel/event.js';
import { meta, now, personId } from '@parley/platform/testing/meta.js';
import { recorded } from '@parley/platform/testing/recorded.js';
import { StopGenerationsOf } from '../domain/generation.commands.js';
import { stopErased } from './stop-erased.reactor.js';

const erased = PersonErased({ personId, requestedBy: personId, requestedAt: now, erasedAt: now, sealed: { count: 0, digest: '0'.repeat(64) } });
const react = () => stopErased.on.PersonErased!(recorded([erased])[0] as Fact<typeof erased>, () => meta);

it('what is being made for somebody who was erased is stopped, and the second time by the same command', () => {
  expect(react()).toEqual([new StopGenerationsOf({ personId }, meta)]);
  expect(react()).toEqual(react());
});
