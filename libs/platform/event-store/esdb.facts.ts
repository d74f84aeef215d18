import { binaryEvent, type BinaryEventType, type EventData, type ResolvedEvent } from '@eventstore/db-client';
import type { ProposedFact, StoredFact } from './event-store.js';

/** What stands beside a fact's data in EventStoreDB. */
interface Envelope {
  readonly eventId: string;
  readonly tenantId: string;
  /** Text inside JSON: the client reads and writes metadata as JSON, which would not keep the characters that hashes are taken over. */
  readonly meta: string;
  /** How many facts of the same append came before this one; left out of the first. */
  readonly index?: number;
  /** Milliseconds; only of a fact that another store recorded first, and that was copied here. */
  readonly recordedAt?: number;
}

/**
 * The event that carries a fact. Data goes as bytes, for the same reason as above.
 *
 * Its own id is new: EventStoreDB compares ids on the expected revision alone, and answers a repeat as if it were new. So the ids of one
 * append tell apart "we asked twice" (the server answers as if once) from "somebody has written these facts" (it refuses, and we look).
 */
export function eventOf({ eventId, tenantId, type, data, meta }: ProposedFact, { index = 0, recordedAt }: { readonly index?: number; readonly recordedAt?: Date } = {}): EventData<BinaryEventType> {
  const envelope: Envelope = { eventId, tenantId, meta, ...(index > 0 && { index }), ...(recordedAt && { recordedAt: recordedAt.getTime() }) };
  return binaryEvent({ id: crypto.randomUUID(), type, data: new TextEncoder().encode(data), metadata: { ...envelope } });
}

/**
 * Takes facts out of events that come in the order of the log. What is no fact is left out: the server's own events, and those of others
 * who share it. The server gives each event an instant of its own; all facts of an append bear the first one's.
 */
export class FactReader {
  private before: StoredFact | undefined;

  /** @param before the fact that stands before the first event, when they are of one append: see `leftBehind` */
  constructor(before?: StoredFact) {
    this.before = before;
  }

  next(event: ResolvedEvent): StoredFact | undefined {
    const found = foundIn(event);
    if (!found) return undefined;
    const { fact, index } = found;
    // The facts of an append stand side by side.
    const isOfSameAppend = index > 0 && this.before?.stream === fact.stream && this.before.revision < fact.revision;
    return (this.before = isOfSameAppend ? { ...fact, recordedAt: this.before!.recordedAt } : fact);
  }

  all(events: readonly ResolvedEvent[]): readonly StoredFact[] {
    return events.map((event) => this.next(event)).filter((fact) => fact !== undefined);
  }
}

/** Where the append began that an event is in the middle of. */
export function leftBehind(event: ResolvedEvent | undefined): Pick<StoredFact, 'stream' | 'revision'> | undefined {
  const found = event && foundIn(event);
  return found && found.index > 0 ? { stream: found.fact.stream, revision: found.fact.revision - BigInt(found.index) } : undefined;
}

/** A fact with the instant that the server gave it, and how many facts of its append came before it. */
function foundIn({ event }: ResolvedEvent): { readonly fact: StoredFact; readonly index: number } | undefined {
  if (!event?.position || event.isJson || event.streamId.startsWith('$')) return undefined;
  const { eventId, tenantId, meta, index = 0, recordedAt } = (event.metadata ?? {}) as Partial<Envelope>;
  if (eventId === undefined || tenantId === undefined || meta === undefined) return undefined;
  const data = textOf(event.data); // not JSON, so bytes
  const place = { position: event.position.commit, stream: event.streamId, revision: event.revision };
  return { fact: { eventId, tenantId, type: event.type, data, meta, ...place, recordedAt: recordedAt === undefined ? event.created : new Date(recordedAt) }, index };
}

const textOf = ({ buffer, byteOffset, byteLength }: Uint8Array) => Buffer.from(buffer, byteOffset, byteLength).toString();
