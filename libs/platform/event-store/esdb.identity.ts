import { BACKWARDS, END, type EventStoreDBClient, jsonEvent, NO_STREAM, type JSONEventType, type ResolvedEvent, STREAM_EXISTS, WrongExpectedVersionError } from '@eventstore/db-client';
import { epochAt } from './epoch.js';
import type { StoreIdentity } from './event-store.js';

/** The stream that says which store this is. It has no hyphen, so it is in no category. */
const STREAM = 'parley.store';

type StoreNamed = JSONEventType<'StoreNamed', { readonly storeId: string; readonly epoch: number }>;

/** Reads the last word on which store this is. */
export const readIdentity = (client: EventStoreDBClient) => client.readStream(STREAM, { direction: BACKWARDS, fromRevision: END, maxCount: 1 });

export function identityIn([last]: readonly ResolvedEvent[]): StoreIdentity | undefined {
  if (!last?.event) return undefined;
  const { storeId, epoch } = last.event.data as StoreNamed['data']; // only we write there
  return { storeId, epoch };
}

/** Names a store that has no name yet; of several processes one does it. */
export async function nameStore(client: EventStoreDBClient): Promise<void> {
  const named = jsonEvent<StoreNamed>({ type: 'StoreNamed', data: { storeId: crypto.randomUUID(), epoch: 1 } });
  try {
    await client.appendToStream(STREAM, named, { expectedRevision: NO_STREAM });
  } catch (error) {
    if (!(error instanceof WrongExpectedVersionError)) throw error;
  }
}

/** Names the same store anew, with the epoch of one that was set back. Of two that say so at once the later one counts. @returns the epoch */
export async function nameSetBack(client: EventStoreDBClient, { storeId, epoch: before }: StoreIdentity, now: Date): Promise<number> {
  const epoch = epochAt(now, before);
  await client.appendToStream(STREAM, jsonEvent<StoreNamed>({ type: 'StoreNamed', data: { storeId, epoch } }), { expectedRevision: STREAM_EXISTS });
  return epoch;
}
