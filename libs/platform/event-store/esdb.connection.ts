import { setTimeout as delay } from 'node:timers/promises';
import { type AllStreamSubscription, type AppendExpectedRevision, type AppendResult, type BinaryEventType, type EventData, EventStoreDBClient, type ResolvedEvent, type StreamingRead, StreamNotFoundError } from '@eventstore/db-client';
import { StoreUnavailable } from './event-store.js';
import { isFinal } from './esdb.errors.js';

/** For how long, and how often, we ask again while the server is away: long enough for it to start again. */
const PATIENCE_MS = 5_000;
const RETRY_MS = 100;

/** How long the server may say nothing: the client itself waits for ever for a page, and for the answer to an append. */
const APPEND_MS = 3_000;
const READ_MS = 3_000;

/**
 * One client and its one HTTP/2 connection. It gives up on a server that says nothing, and asks again.
 *
 * One client a process: an error on one client's batch of appends rejects what others in the process wait for, and an answer that comes
 * after that has nobody to go to and ends the process. So the former client is gone before a new one is made.
 */
export class EsdbConnection {
  private client: EventStoreDBClient;
  /** When the server was last heard of. */
  private heardAt = 0;
  private renewing: Promise<void> | undefined;
  private generation = 0;
  private isClosed = false;
  /** How often we lost the server, and the loss after which `sameLog` was last asked. */
  private losses = 0;
  private checkedLosses = 0;
  private checking: Promise<void> | undefined;
  private sameLog: () => Promise<void> = async () => undefined;

  /** @param url an EventStoreDB connection string. @throws Error when it is none */
  constructor(private readonly url: string) {
    this.client = EventStoreDBClient.connectionString(url);
  }

  /** For a subscription, which its owner supervises. */
  async current(): Promise<EventStoreDBClient> {
    await this.renewing;
    return this.client;
  }

  /** @param sameLog asked after a loss and before anything else: throws when the server is not the one it was. It asks by `pageOfAny` */
  guardBy(sameLog: () => Promise<void>): void {
    this.sameLog = sameLog;
  }

  heard(): void {
    this.heardAt = performance.now();
  }

  /** The server may be another one from here on. */
  lost(): void {
    this.losses += 1;
  }

  /** The events of one page; none when there is no such stream. @throws StoreUnavailable; StoreReplaced; what the server refuses for good */
  page(read: Read): Promise<readonly ResolvedEvent[]> {
    return this.patiently((client) => this.whole(read, client), () => this.checked());
  }

  /** The same of a server that may be another one. */
  pageOfAny(read: Read): Promise<readonly ResolvedEvent[]> {
    return this.patiently((client) => this.whole(read, client));
  }

  /** The events of a subscription up to the one that is the last. @param subscribe calls back while the server is still looking */
  scan(subscribe: (client: EventStoreDBClient, isAlive: () => void) => AllStreamSubscription, isLast: (event: ResolvedEvent) => boolean): Promise<readonly ResolvedEvent[]> {
    return this.patiently((client) => this.untilLast(client, subscribe, isLast), () => this.checked());
  }

  /** Appends; an outcome that is open is asked for again with the same ids and the same revision, which the server answers as if once. */
  append(stream: string, events: EventData<BinaryEventType>[], expectedRevision: AppendExpectedRevision): Promise<AppendResult> {
    return this.patiently((client) => this.inTime(client.appendToStream(stream, events, { expectedRevision }), APPEND_MS), () => this.checked());
  }

  /** Ends every call, subscriptions too. */
  async close(): Promise<void> {
    this.isClosed = true;
    this.generation += 1;
    await this.renewing;
    await end(this.client);
  }

  private async patiently<Answer>(ask: (client: EventStoreDBClient) => Promise<Answer>, before = async () => undefined as void): Promise<Answer> {
    if (this.isClosed) throw new StoreUnavailable();
    for (const until = performance.now() + PATIENCE_MS; ; await delay(RETRY_MS)) {
      await before();
      const asked = performance.now();
      try {
        const answer = await ask(await this.current());
        this.heard();
        return answer;
      } catch (error) {
        if (isFinal(error)) throw error;
        this.lost();
        if (error instanceof Silent && this.heardAt < asked) await this.renew();
        if (this.isClosed || performance.now() > until) throw new StoreUnavailable({ retryAfterMs: 1_000 }, { cause: error });
      }
    }
  }

  private async checked(): Promise<void> {
    if (this.losses === this.checkedLosses) return;
    this.checking ??= this.check().finally(() => void (this.checking = undefined));
    await this.checking;
  }

  private async check(): Promise<void> {
    const { losses } = this;
    await this.sameLog();
    this.checkedLosses = losses;
  }

  private async whole(read: Read, client: EventStoreDBClient): Promise<readonly ResolvedEvent[]> {
    const { generation } = this;
    const events = await this.collect(read(client));
    if (generation !== this.generation) throw new Silent(); // cut off by us: what came is not all there was
    return events;
  }

  private collect(stream: StreamingRead<ResolvedEvent>): Promise<readonly ResolvedEvent[]> {
    const { promise, resolve, reject } = Promise.withResolvers<readonly ResolvedEvent[]>();
    const events: ResolvedEvent[] = [];
    const silence = setTimeout(() => {
      reject(new Silent());
      stream.cancel().catch(() => undefined); // there may be no call to cancel
    }, READ_MS);
    stream
      .on('data', (event: ResolvedEvent) => {
        events.push(event);
        silence.refresh();
        this.heard();
      })
      .on('end', () => resolve(events))
      .on('error', (error) => (error instanceof StreamNotFoundError ? resolve([]) : reject(error)));
    return promise.finally(() => clearTimeout(silence));
  }

  private async untilLast(client: EventStoreDBClient, subscribe: (client: EventStoreDBClient, isAlive: () => void) => AllStreamSubscription, isLast: (event: ResolvedEvent) => boolean): Promise<readonly ResolvedEvent[]> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const events: ResolvedEvent[] = [];
    const silence = setTimeout(() => reject(new Silent()), READ_MS);
    const subscription = subscribe(client, () => silence.refresh());
    const take = (event: ResolvedEvent) => {
      events.push(event);
      silence.refresh();
      if (isLast(event)) resolve(void subscription.off('data', take));
    };
    subscription.on('data', take).on('error', reject).on('end', () => reject(new Silent()));
    try {
      await promise;
      return events;
    } finally {
      clearTimeout(silence);
      subscription.unsubscribe().catch(() => undefined); // there may be no call to end
    }
  }

  private async inTime<Answer>(answer: Promise<Answer>, limitMs: number): Promise<Answer> {
    const { promise, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(() => reject(new Silent()), limitMs);
    try {
      return await Promise.race([answer, promise]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Nothing at all was heard: the connection may be dead without anyone having told us. */
  private renew(): Promise<void> {
    this.generation += 1;
    return (this.renewing ??= (async () => {
      await end(this.client);
      this.client = EventStoreDBClient.connectionString(this.url);
      this.renewing = undefined;
    })());
  }
}

/** Reads a page: of a stream, or of all. */
export type Read = (client: EventStoreDBClient) => StreamingRead<ResolvedEvent>;

class Silent extends Error {}

/** `dispose` ends the calls, and leaves the connection open. */
async function end(client: EventStoreDBClient): Promise<void> {
  await client.dispose();
  const { getChannel } = client as unknown as { getChannel: () => Promise<{ close(): void }> }; // protected, and there is no other way
  await getChannel().then((channel) => channel.close(), () => undefined);
}
