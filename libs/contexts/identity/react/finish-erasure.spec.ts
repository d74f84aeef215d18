import type { Fact } from '@parley/kernel/event.js';
import type { Meta } from '@parley/kernel/meta.js';
import { meta, now, personId } from '@parley/platform/testing/meta.js';
import { recorded } from '@parley/platform/testing/recorded.js';
import { ErasureRequested } from '../domain/erasure.events.js';
import { finishErasure } from './finish-erasure.reactor.js';

const requested = ErasureRequested({ personId, requestedBy: personId, requestedAt: now });

function reactionTo(event: typeof requested) {
  const [fact] = recorded([event]) as [Fact<typeof requested>];
  const metaOf = (index = 0): Meta => ({ ...meta, commandId: `${fact.eventId}/${index}`, causationId: fact.eventId });
  return () => finishErasure.on.ErasureRequested!(fact, metaOf);
}

it('an erasure that was asked for is finished, and the second time by the same command', () => {
  const react = reactionTo(requested);
  expect(react()).toEqual([expect.objectContaining({ type: 'FinishErasure', data: { personId } })]);
  expect(react()).toEqual(react());
});
