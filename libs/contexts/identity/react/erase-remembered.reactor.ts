import type { EventOf } from '@parley/kernel/event.js';
import { defineReactor } from '@parley/kernel/reactor.js';
import { ErasureRemembered } from '@parley/platform/personal-data/erasures.events.js';
import { RepeatErasure } from '../domain/erasure.commands.js';

/** Who was erased in a time that the log was set back from, is erased again. */
export const eraseRemembered = defineReactor<EventOf<typeof ErasureRemembered>>({
  name: 'identity.erase-remembered',
  events: { ErasureRemembered },
  on: { ErasureRemembered: ({ data: { personId } }, meta) => [new RepeatErasure({ personId }, meta())] },
});
