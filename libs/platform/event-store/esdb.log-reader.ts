import { type AllStreamResolvedEvent, BACKWARDS, END, type EventStoreDBClient, type Position, type ResolvedEvent, START, streamNameFilter, type StreamingRead } from '@eventstore/db-client';
import type { EsdbConnection } from './esdb.connection.js';
import { isInvalidPosition } from './esdb.errors.js';
import { FactReader, leftBehind } from './esdb.facts.js';
import { type StoredFact, StoreReplaced, type TenantPage } from './event-store.js';

/** Events in one page that goes back from the end: of what stands near it, and of what may be far. */
const [LAST_PAGE, PAGE] = [32, 1_000];

/** How many events the server looks at before it says that it still looks. */
const SEARCH_WINDOW = 1_000;

/**
 * Reads the whole log. EventStoreDB finds places in it by position and no other way: facts of a tenant are filtered by the server as it
 * goes through the log, and an instant is looked for from the end.
 */
export class EsdbLogReader {
  constructor(private readonly connection: EsdbConnection) {}

  async after(position: bigint, limit: number): Promise<readonly StoredFact[]> {
    const facts: StoredFact[] = [];
    for (let from = placeOf(position); ; ) {
      const maxCount = limit - facts.length + 1; // forwards, the event at the position itself comes too
      const fromPosition = from ?? START;
      const events = await this.events((client) => client.readAll({ fromPosition, maxCount }), position);
      const last = facts.at(-1)?.position ?? position;
      facts.push(...(await this.factsIn(events)).filter((fact) => fact.position > last));
      from = events.at(-1)?.event?.position;
      if (facts.length >= limit || events.length < maxCount) return facts.slice(0, limit);
    }
  }

  async last(): Promise<StoredFact | undefined> {
    for await (const fact of this.backwards(undefined, LAST_PAGE)) return fact;
    return undefined;
  }

  /** Recent instants are found at once, and those of long ago after a walk to them. */
  async positionAt(instant: Date): Promise<bigint> {
    for await (const { recordedAt, position } of this.backwards()) if (recordedAt <= instant) return position;
    return 0n;
  }

  async ofTenant(tenantId: string, page: TenantPage): Promise<readonly StoredFact[]> {
    const { types, limit, isBackwards } = page;
    if (types?.length === 0 || limit <= 0) return [];
    const isWanted = (fact: StoredFact) => fact.tenantId === tenantId && (!types || types.includes(fact.type));
    return isBackwards ? this.lastOfTenant(isWanted, page) : this.firstOfTenant(tenantId, isWanted, page);
  }

  /** Facts from before a position, or the end of the log, to its beginning. */
  private async *backwards(before?: Position, maxCount = PAGE): AsyncGenerator<StoredFact> {
    for (let from: Position | undefined = before; ; ) {
      const fromPosition: Position | typeof END = from ?? END;
      const events = await this.events((client) => client.readAll({ direction: BACKWARDS, fromPosition, maxCount }), before?.commit);
      yield* [...(await this.factsIn(events.toReversed()))].reverse();
      if (events.length < maxCount) return;
      from = events.at(-1)!.event!.position;
    }
  }

  private async lastOfTenant(isWanted: (fact: StoredFact) => boolean, { after = 0n, until, limit }: TenantPage): Promise<readonly StoredFact[]> {
    const facts: StoredFact[] = [];
    for await (const fact of this.backwards()) {
      if (fact.position <= after || facts.length === limit) break;
      if ((until === undefined || fact.position <= until) && isWanted(fact)) facts.push(fact);
    }
    return facts;
  }

  /** By a subscription, for reads have no filter. The last fact of the log passes the filter too: it tells where to stop. */
  private async firstOfTenant(tenantId: string, isWanted: (fact: StoredFact) => boolean, { after = 0n, until, limit }: TenantPage): Promise<readonly StoredFact[]> {
    const last = await this.last();
    if (!last || last.position <= after) return [];
    const end = until === undefined || until > last.position ? last.position : until;
    let count = 0;
    const reader = new FactReader();
    const isDone = (event: ResolvedEvent) => {
      const fact = reader.next(event);
      if (fact && isWanted(fact)) count += 1;
      return count >= limit || (fact !== undefined && fact.position >= end);
    };
    const regex = `^([^$-][^-]*-${escaped(tenantId)}[.]|${escaped(last.stream)}$)`;
    const events = await this.connection.scan((client, isAlive) => {
      count = 0;
      return client.subscribeToAll({ fromPosition: placeOf(after) ?? START, filter: streamNameFilter({ regex, maxSearchWindow: SEARCH_WINDOW, checkpointReached: async () => isAlive() }) });
    }, isDone);
    return (await this.factsIn(events)).filter((fact) => isWanted(fact) && fact.position <= end).slice(0, limit);
  }

  private async events(read: (client: EventStoreDBClient) => StreamingRead<AllStreamResolvedEvent>, place?: bigint): Promise<readonly ResolvedEvent[]> {
    try {
      return await this.connection.page(read);
    } catch (error) {
      if (isInvalidPosition(error)) throw new StoreReplaced(`no fact is at position ${place}`);
      throw error;
    }
  }

  /** @param events in the order of the log. When they begin in the middle of an append, its beginning is read too */
  async factsIn(events: readonly ResolvedEvent[]): Promise<readonly StoredFact[]> {
    const left = leftBehind(events.find((event) => new FactReader().next(event)));
    if (!left) return new FactReader().all(events);
    const [first] = await this.connection.page((client) => client.readStream(left.stream, { fromRevision: left.revision, maxCount: 1 }));
    return new FactReader(first && new FactReader().next(first)).all(events);
  }
}

const placeOf = (position: bigint): Position | undefined => (position === 0n ? undefined : { commit: position, prepare: position });
const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
