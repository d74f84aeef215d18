import { binaryEvent, type BinaryEventType, type EventData, type ResolvedEvent } from '@eventstore/db-client';
import type { ProposedFact, StoredFact } from './event-store.js';

/** What stands beside a fact's data in EventStoreDB. */
interface Envelope {
  readonly eventId: string;
  readonly tenantId: string;
  /** Text inside JSON: the client reads and writes metadata as JSON, which would not keep the characters that hashes are taken over. */
  readonly meta: string;
  /** Milliseconds; only of a fact that another store recorded first, and that was copied here. */
  readonly recordedAt?: number;
}

/**
 * The event that carries a fact. Data goes as bytes, for the same reason as above.
 *
 * Its own id is new: EventStoreDB compares ids on the expected revision alone, and answers a repeat as if it were new. So the ids of one
 * append tell apart "we asked twice" (the server answers as if once) from "somebody has written these facts" (it refuses, and we look).
 */
export function eventOf({ eventId, tenantId, type, data, meta }: ProposedFact, recordedAt?: Date): EventData<BinaryEventType> {
  const envelope: Envelope = { eventId, tenantId, meta, ...(recordedAt && { recordedAt: recordedAt.getTime() }) };
  return binaryEvent({ id: crypto.randomUUID(), type, data: new TextEncoder().encode(data), metadata: { ...envelope } });
}

/** @returns undefined for what is no fact: the server's own events, and those of others who share it */
export function factOf({ event }: ResolvedEvent): StoredFact | undefined {
  if (!event?.position || event.isJson || event.streamId.startsWith('$')) return undefined;
  const envelope = event.metadata as Partial<Envelope> | undefined;
  const { eventId, tenantId, meta, recordedAt } = envelope ?? {};
  if (eventId === undefined || tenantId === undefined || meta === undefined) return undefined;
  const data = textOf(event.data); // not JSON, so bytes
  const place = { position: event.position.commit, stream: event.streamId, revision: event.revision };
  return { eventId, tenantId, type: event.type, data, meta, ...place, recordedAt: recordedAt === undefined ? event.created : new Date(recordedAt) };
}

const textOf = ({ buffer, byteOffset, byteLength }: Uint8Array) => Buffer.from(buffer, byteOffset, byteLength).toString();
