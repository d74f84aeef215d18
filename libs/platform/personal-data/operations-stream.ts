import type { Event, EventDefinition } from '@parley/kernel/event.js';
import type { Meta } from '@parley/kernel/meta.js';
import { eventIdOf } from '../cqrs/event-id.js';
import { type EventStore, NO_STREAM, RevisionConflict, streamName } from '../event-store/event-store.js';
import type { Codec } from './codec.js';

/** The category of what operators do to a tenant's data: one stream a tenant. */
export const OPERATIONS = 'parley.operations';

/** Puts on record what an operator did. The same command again changes nothing. */
export async function recordOperation({ store, codec }: { readonly store: EventStore; readonly codec: Codec }, fact: Event, definition: EventDefinition, meta: Meta): Promise<void> {
  const stream = streamName(OPERATIONS, meta.tenantId, meta.tenantId);
  const proposed = await codec.encode([fact], { [definition.type]: definition }, meta, [eventIdOf(stream, meta.commandId, 0)]);
  for (;;) {
    const [last] = await store.readBackwards(stream, { limit: 1 });
    try {
      await store.append(stream, last?.revision ?? NO_STREAM, proposed);
      return;
    } catch (error) {
      if (!(error instanceof RevisionConflict)) throw error; // another operator was here first
    }
  }
}
