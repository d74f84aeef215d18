import type { EventOf } from '@parley/kernel/event.js';
import { defineReactor } from '@parley/kernel/reactor.js';
import { FinishErasure } from '../domain/erasure.commands.js';
import { ErasureRequested } from '../domain/erasure.events.js';

/** An erasure that was asked for is seen through, also where whoever was asked was stopped before the end. */
export const finishErasure = defineReactor<EventOf<typeof ErasureRequested>>({
  name: 'identity.finish-erasure',
  events: { ErasureRequested },
  on: { ErasureRequested: ({ data: { personId } }, meta) => [new FinishErasure({ personId }, meta())] },
});
