import { BACKWARDS, END, MaxAppendSizeExceededError, NO_STREAM as NEVER_WRITTEN, WrongExpectedVersionError } from '@eventstore/db-client';
import { Bell } from './bell.js';
import { EsdbConnection } from './esdb.connection.js';
import { eventOf } from './esdb.facts.js';
import { identityIn, nameSetBack, nameStore, readIdentity } from './esdb.identity.js';
import { EsdbLogReader } from './esdb.log-reader.js';
import { SameLog } from './esdb.same-log.js';
import { EsdbTail } from './esdb.tail.js';
import {
  type Appended,
  type BackwardsPage,
  EventStore,
  FactTooLarge,
  NO_STREAM,
  type ProposedFact,
  RevisionConflict,
  type StoredFact,
  type StoreIdentity,
  StoreUnavailable,
  type StreamPage,
  type TenantPage,
} from './event-store.js';
import { KnownIds, type StreamIds } from './known-ids.js';
import { WaitingRoom } from './waiting-room.js';

/** Facts in one page of a stream that is read for its ids. */
const PAGE = 500;

/** What one append of a copy takes: well below 1 MiB, whatever the characters are. */
const [MOST_AT_ONCE, CHARACTERS_AT_ONCE] = [100, 100_000];

/**
 * The log in EventStoreDB (KurrentDB). Positions are the server's: they rise, with gaps.
 *
 * What EventStoreDB cannot tell is kept here: which fact ids a stream holds (it compares ids on the expected revision alone), and whether
 * it is still the log that was opened. An id that another stream holds is not noticed: ids are made from their stream.
 */
export class EsdbEventStore extends EventStore {
  private readonly bell = new Bell();
  private readonly known = new KnownIds();
  private readonly reader: EsdbLogReader;
  private readonly waiting: WaitingRoom;
  private readonly tail: EsdbTail;
  private isClosed = false;

  private constructor(private readonly connection: EsdbConnection, private readonly log: SameLog, waitingMax: number) {
    super();
    this.reader = new EsdbLogReader(connection);
    this.waiting = new WaitingRoom(waitingMax);
    connection.guardBy(() => log.check());
    this.tail = new EsdbTail(connection, this.bell, log);
  }

  get identity(): StoreIdentity {
    return this.log.identity;
  }

  /**
   * @param url an EventStoreDB connection string: esdb://host:2113?tls=false, esdb+discover://…
   * @throws Error when it is none; StoreUnavailable when nobody answers there
   */
  static async open(url: string, { waitingMax = 10_000 }: { readonly waitingMax?: number } = {}): Promise<EsdbEventStore> {
    const connection = new EsdbConnection(url);
    try {
      let identity = identityIn(await connection.page(readIdentity));
      if (!identity) {
        await nameStore(await connection.current());
        identity = identityIn(await connection.page(readIdentity));
      }
      if (!identity) throw new StoreUnavailable();
      return new EsdbEventStore(connection, new SameLog(connection, identity), waitingMax);
    } catch (error) {
      await connection.close();
      throw error;
    }
  }

  override async markSetBack(now: Date): Promise<number> {
    return nameSetBack(await this.connection.current(), this.identity, now);
  }

  async append(stream: string, expected: bigint, facts: readonly ProposedFact[]): Promise<Appended> {
    if (facts.length === 0) throw new RangeError(`${stream}: no facts to append`);
    if (this.isClosed) throw new StoreUnavailable();
    const leave = this.waiting.enter(facts);
    try {
      const ids = await this.idsOf(stream, expected);
      return (await this.held(stream, facts, ids)) ?? (await this.write(stream, expected, facts));
    } finally {
      leave();
    }
  }

  /** Fact after fact of a stream in one append, one append after another: the order of the log is kept. */
  async copyIn(facts: readonly StoredFact[]): Promise<void> {
    for (const run of runsOf(facts)) await this.copyRun(run);
  }

  async read(stream: string, { from = 0n, limit }: StreamPage): Promise<readonly StoredFact[]> {
    const facts = await this.reader.factsIn(await this.connection.page((client) => client.readStream(stream, { fromRevision: from, maxCount: limit })));
    this.known.learn(stream, facts);
    return facts;
  }

  async readBackwards(stream: string, { before, limit }: BackwardsPage): Promise<readonly StoredFact[]> {
    if (before !== undefined && before <= 0n) return [];
    const fromRevision = before === undefined ? END : before - 1n;
    const events = await this.connection.page((client) => client.readStream(stream, { direction: BACKWARDS, fromRevision, maxCount: limit }));
    return (await this.reader.factsIn(events.toReversed())).toReversed();
  }

  async find(stream: string, eventId: string): Promise<StoredFact | undefined> {
    const known = this.known.of(stream).get(eventId) ?? (await this.idsOf(stream)).get(eventId);
    return known && (await this.read(stream, { from: known.revision, limit: 1 }))[0];
  }

  async readAll(after: bigint, limit: number): Promise<readonly StoredFact[]> {
    return this.tail.after(after, limit) ?? this.reader.after(after, limit);
  }

  readTenant(tenantId: string, page: TenantPage): Promise<readonly StoredFact[]> {
    return this.reader.ofTenant(tenantId, page);
  }

  positionAt(instant: Date): Promise<bigint> {
    return this.reader.positionAt(instant);
  }

  async head(): Promise<bigint> {
    const { seen } = this.log;
    const [last] = await Promise.all([this.reader.last(), this.log.checkName()]);
    this.log.checkEnd(last?.position ?? 0n, seen);
    if (last) this.log.saw(last);
    return last?.position ?? 0n;
  }

  news(): Promise<void> {
    return this.bell.heard();
  }

  async close(): Promise<void> {
    this.isClosed = true;
    await this.waiting.empty();
    await Promise.all([this.tail.close(), this.connection.close()]);
    this.bell.ring();
  }

  private async write(stream: string, expected: bigint, facts: readonly ProposedFact[]): Promise<Appended> {
    try {
      const { position } = await this.connection.append(stream, facts.map((fact, index) => eventOf(fact, { index })), expected === NO_STREAM ? NEVER_WRITTEN : expected);
      return await this.wrote(stream, expected, facts, position?.commit);
    } catch (error) {
      if (error instanceof MaxAppendSizeExceededError) throw new FactTooLarge({}, { cause: error });
      if (!(error instanceof WrongExpectedVersionError)) throw error;
      const repeated = await this.held(stream, facts, await this.idsOf(stream));
      if (!repeated) throw new RevisionConflict(stream, expected);
      return repeated;
    }
  }

  private async copyRun(run: readonly StoredFact[]): Promise<void> {
    const [{ stream, revision }] = run as [StoredFact];
    const expected = revision - 1n;
    try {
      const events = run.map((fact) => eventOf(fact, { recordedAt: fact.recordedAt }));
      const { position } = await this.connection.append(stream, events, expected === NO_STREAM ? NEVER_WRITTEN : expected);
      await this.wrote(stream, expected, run, position?.commit);
    } catch (error) {
      if (!(error instanceof WrongExpectedVersionError)) throw error;
      const ids = await this.idsOf(stream);
      const rest = run.filter((fact) => ids.get(fact.eventId)?.revision !== fact.revision);
      if (rest.length === run.length || (rest[0] && rest[0].revision !== ids.through + 1n)) throw new RevisionConflict(stream, expected);
      if (rest.length > 0) await this.copyRun(rest);
    }
  }

  /** @param answered the last fact's position; an older server leaves it out where it was asked twice */
  private async wrote(stream: string, expected: bigint, facts: readonly ProposedFact[], answered: bigint | undefined): Promise<Appended> {
    const revision = expected + BigInt(facts.length);
    const position = answered ?? (await this.positionOf(stream, revision));
    const places = facts.map(({ eventId }, index) => ({ eventId, revision: expected + 1n + BigInt(index), ...(index === facts.length - 1 && { position }) }));
    this.known.learn(stream, places);
    this.log.saw({ position, eventId: facts.at(-1)!.eventId });
    if (!this.tail.isListening) this.bell.ring();
    return { revision, position, repeated: false };
  }

  /** The last place at which the stream holds any of the facts, as the answer to a repeat. */
  private async held(stream: string, facts: readonly ProposedFact[], ids: StreamIds): Promise<Appended | undefined> {
    const places = facts.map(({ eventId }) => ids.get(eventId)).filter((place) => place !== undefined);
    const last = places.sort((one, other) => Number(one.revision - other.revision)).at(-1);
    return last && { revision: last.revision, position: last.position ?? (await this.positionOf(stream, last.revision)), repeated: true };
  }

  private async positionOf(stream: string, revision: bigint): Promise<bigint> {
    return (await this.read(stream, { from: revision, limit: 1 }))[0]!.position; // it was there
  }

  /** The ids of a stream up to a revision, or all: what is not known yet is read. */
  private async idsOf(stream: string, through?: bigint): Promise<StreamIds> {
    for (let known = this.known.of(stream); through === undefined || known.through < through; known = this.known.of(stream)) {
      const facts = await this.read(stream, { from: known.through + 1n, limit: PAGE });
      if (facts.length < PAGE) break;
    }
    return this.known.of(stream);
  }
}

/** Facts that follow each other in the log and in their stream, as many as one append takes. */
function* runsOf(facts: readonly StoredFact[]): Generator<readonly StoredFact[]> {
  let run: StoredFact[] = [];
  let size = 0;
  for (const fact of facts) {
    const own = fact.data.length + fact.meta.length;
    const goesOn = run.at(-1)?.stream === fact.stream && run.length < MOST_AT_ONCE && size + own < CHARACTERS_AT_ONCE;
    if (!goesOn && run.length > 0) yield run;
    run = goesOn ? [...run, fact] : [fact];
    size = goesOn ? size + own : own;
  }
  if (run.length > 0) yield run;
}
