import { type EventStoreDBClient, type ResolvedEvent, type StreamingRead } from '@eventstore/db-client';
import type { EsdbConnection } from './esdb.connection.js';
import { isInvalidPosition } from './esdb.errors.js';
import { FactReader } from './esdb.facts.js';
import { identityIn, readIdentity } from './esdb.identity.js';
import { type StoredFact, type StoreIdentity, StoreReplaced } from './event-store.js';

/** A fact by which a log is known again. */
export type Landmark = Pick<StoredFact, 'position' | 'eventId'>;

/** Whether a server still is the log that was opened: it bears the same name, and holds the last fact that we saw in it. */
export class SameLog {
  private landmark: Landmark | undefined;

  constructor(private readonly connection: EsdbConnection, readonly identity: StoreIdentity) {}

  saw({ position, eventId }: Landmark): void {
    if (position > this.seen) this.landmark = { position, eventId };
  }

  /** @throws StoreReplaced */
  async check(): Promise<void> {
    await this.checkName();
    if (this.landmark) await this.checkLandmark(this.landmark);
  }

  /** The position of the last fact that we saw. */
  get seen(): bigint {
    return this.landmark?.position ?? 0n;
  }

  /** @param seen before the end was asked for: more may be written meanwhile. @throws StoreReplaced when the log ends before it */
  checkEnd(position: bigint, seen: bigint): void {
    if (position < seen) throw new StoreReplaced(`it reached to position ${seen}, it ends at ${position}`);
  }

  /** @throws StoreReplaced when the server is another store, or was set back and said so by a new epoch */
  async checkName(): Promise<void> {
    const found = identityIn(await this.connection.pageOfAny(readIdentity));
    const { storeId, epoch } = this.identity;
    if (!found) throw new StoreReplaced(`it was ${storeId} (epoch ${epoch}), it has no name now`);
    if (found.storeId !== storeId || found.epoch !== epoch) throw new StoreReplaced(`it was ${storeId} (epoch ${epoch}), it is ${found.storeId} (epoch ${found.epoch})`);
  }

  private async checkLandmark({ position, eventId }: Landmark): Promise<void> {
    const fromPosition = { commit: position, prepare: position };
    const read = (client: EventStoreDBClient) => client.readAll({ fromPosition, maxCount: 1 }) as StreamingRead<ResolvedEvent>;
    const [event] = await this.connection.pageOfAny(read).catch((error: unknown) => {
      if (isInvalidPosition(error)) return [];
      throw error;
    });
    if (!event || new FactReader().next(event)?.eventId !== eventId) throw new StoreReplaced(`what it held at position ${position} is not there any more`);
  }
}
