import { setTimeout as delay } from 'node:timers/promises';
import type { Command } from '@parley/kernel/command.js';
import { DomainError } from '@parley/kernel/domain-error.js';
import type { Fact } from '@parley/kernel/event.js';
import type { Reactor } from '@parley/kernel/reactor.js';
import type { Clock } from '../clock/clock.js';
import type { EventStore } from '../event-store/event-store.js';
import { failpoint } from '../failpoints/failpoints.js';
import type { Codec } from '../personal-data/codec.js';
import { Undecodable, UnreadableFact } from '../personal-data/undecodable.js';
import { logger, withLogContext } from '../telemetry/logger.js';
import { traced } from '../telemetry/tracing.js';
import type { CommandSender } from './command-sender.js';
import { InTurn } from './in-turn.js';
import { isOutage } from './outage.js';
import type { ParkedReaction, ReactionStore } from './reaction-store.js';
import { reactionsOf } from './reactions.js';

/** How often a fact is tried before it is parked, and the first and the longest pause between two tries. */
const TRIES = 5;
const FIRST_PAUSE_MS = 20;
const LONGEST_PAUSE_MS = 1_000;

const log = logger('reactors');

/** What reactions need. */
export interface ReactionParts {
  readonly events: EventStore;
  readonly codec: Codec;
  readonly commands: CommandSender;
  readonly memory: ReactionStore;
  readonly clock: Clock;
}

/**
 * Carries out reactions: those of one stream in turn, streams side by side.
 *
 * A refused command is an answer: it is logged and passed. While something that we depend on is away, we wait for it, however long.
 * Any other error is tried a few times; then the fact is parked, and the facts of its stream wait behind it until someone has it
 * retried or skipped. Others go on.
 */
export class ParkingReactions {
  private readonly inTurn = new InTurn();
  private readonly blocked = new Set<string>();
  private readonly byName: ReadonlyMap<string, Reactor>;

  constructor(private readonly parts: ReactionParts, reactors: readonly Reactor[], private readonly signal: AbortSignal) {
    this.byName = new Map(reactors.map((reactor) => [reactor.name, reactor]));
  }

  /** Learns which streams are blocked, from this or another process. Call it before the first fact. */
  async load(): Promise<void> {
    for (const { reactor, stream } of await this.parts.memory.blocked([...this.byName.keys()])) this.blocked.add(`${reactor}/${stream}`);
  }

  /** @returns whether the fact is done or parked; false: we are stopping, and it is neither */
  take(reactor: Reactor, fact: Fact | Undecodable): Promise<boolean> {
    const turn = `${reactor.name}/${envelopeOf(fact).stream}`;
    return this.inTurn.run(turn, () => (this.blocked.has(turn) ? this.persist(() => this.park(reactor, fact, 'waits for an earlier fact of its stream', 0)) : this.tryOut(reactor, fact)));
  }

  /** Tries again what someone wished to have retried, and lets go on what was skipped. */
  async sweep(): Promise<void> {
    if (this.blocked.size === 0) return;
    const known = new Map((await this.parts.memory.blocked([...this.byName.keys()])).map(({ reactor, stream, isWished }) => [`${reactor}/${stream}`, isWished]));
    const due = [...this.blocked].filter((turn) => known.get(turn) ?? true); // one that nobody knows any more is free
    await Promise.all(due.map((turn) => this.inTurn.run(turn, () => this.retry(turn))));
  }

  private async retry(turn: string): Promise<void> {
    const slash = turn.indexOf('/');
    const [name, stream] = [turn.slice(0, slash), turn.slice(slash + 1)];
    const reactor = this.byName.get(name)!;
    for (;;) {
      const parked = await this.parts.memory.parked([name], stream);
      if (parked.length === 0) break;
      for (const each of parked) if (!(await this.retryOne(reactor, each))) return;
    }
    this.blocked.delete(turn);
    log.info('stream.unblocked', { reactor: name, stream });
  }

  /** @returns whether it is done */
  private async retryOne(reactor: Reactor, parked: ParkedReaction): Promise<boolean> {
    const { memory, events, codec } = this.parts;
    try {
      const stored = await events.find(parked.stream, parked.eventId);
      if (!stored) throw new Error('the store does not hold it');
      const [fact] = await codec.decode([stored], reactor.events, { open: true });
      await this.carryOut(reactor, fact!);
    } catch (error) {
      if (isOutage(error)) throw error;
      await memory.park({ ...parked, reason: reasonOf(error), tries: 1 });
      return false;
    }
    await memory.unpark(parked);
    return true;
  }

  private tryOut(reactor: Reactor, fact: Fact | Undecodable): Promise<boolean> {
    let tries = 0;
    return this.persist(async () => {
      try {
        await this.carryOut(reactor, fact);
      } catch (error) {
        const isHopeless = error instanceof UnreadableFact;
        if (isOutage(error) || (++tries < TRIES && !isHopeless)) throw error;
        await this.park(reactor, fact, reasonOf(error), tries);
      }
    });
  }

  /** Does the work until it succeeds or we stop. */
  private async persist(work: () => Promise<void>): Promise<boolean> {
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(4 * pauseMs, LONGEST_PAUSE_MS)) {
      try {
        await work();
        return true;
      } catch (error) {
        if (this.signal.aborted) return false;
        if (pauseMs === FIRST_PAUSE_MS) log.warn('reaction.failed', { error: error as Error }); // once: an outage would fill the log
        await delay(pauseMs, undefined, { signal: this.signal }).catch(() => undefined);
        if (this.signal.aborted) return false;
      }
    }
  }

  /** @throws what a bug or an outage throws; a refusal is an answer */
  private async carryOut(reactor: Reactor, fact: Fact | Undecodable): Promise<void> {
    if (fact instanceof Undecodable) throw new UnreadableFact(fact);
    const { tenantId, correlationId, traceparent } = fact.meta;
    const commands = reactionsOf(reactor, fact, this.parts.clock.now());
    if (commands.length === 0) return;
    const react = () => traced(`react ${reactor.name}`, { traceparent, kind: 'consumer', attributes: { 'parley.fact': fact.type } }, () => this.send(reactor, commands));
    await withLogContext({ tenantId, correlationId, causationId: fact.eventId }, react);
  }

  private async send(reactor: Reactor, commands: readonly Command[]): Promise<void> {
    for (const command of commands) {
      try {
        await failpoint('s5.before_react');
        await this.parts.commands.send(command);
        await failpoint('s5.after_react');
      } catch (error) {
        if (!(error instanceof DomainError) || isOutage(error)) throw error;
        log.info('reaction.refused', { reactor: reactor.name, command: command.type, code: error.code });
      }
    }
  }

  private async park(reactor: Reactor, fact: Fact | Undecodable, reason: string, tries: number): Promise<void> {
    const { tenantId, eventId, stream, position } = envelopeOf(fact);
    await this.parts.memory.park({ tenantId, reactor: reactor.name, eventId, stream, position, reason, tries });
    this.blocked.add(`${reactor.name}/${stream}`);
    if (tries > 0) log.error('reaction.parked', { reactor: reactor.name, tenantId, eventId, stream, position, reason });
  }
}

const envelopeOf = (fact: Fact | Undecodable) =>
  fact instanceof Undecodable
    ? fact.stored
    : { tenantId: fact.meta.tenantId, eventId: fact.eventId, stream: fact.stream, position: fact.position };

/** An error's name and message. (Of a database error not the `detail`: it quotes rows.) */
const reasonOf = (error: unknown) => (error instanceof Error ? `${error.name}: ${error.message}` : String(error)).slice(0, 500);
