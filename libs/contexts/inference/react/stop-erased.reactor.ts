import { PersonErased } from '@parley/identity/contract.js';
import type { EventOf } from '@parley/kernel/event.js';
import { defineReactor } from '@parley/kernel/reactor.js';
import { StopGenerationsOf } from '../domain/generation.commands.js';

/** What is being made for somebody who was erased is stopped: nobody will read it, and no provider should have more of them. */
export const stopErased = defineReactor<EventOf<typeof PersonErased>>({
  name: 'inference.stop-erased',
  events: { PersonErased },
  on: { PersonErased: ({ data: { personId } }, meta) => [new StopGenerationsOf({ personId }, meta())] },
});
