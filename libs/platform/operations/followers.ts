import { Injectable } from '@nestjs/common';
import type { Actor } from '@parley/kernel/meta.js';
import { Clock } from '../clock/clock.js';
import { ReactionNotParked, ReactionsControl } from '../cqrs/reactions-control.js';
import { ProjectionsControl } from '../read-model/projections.service.js';
import type { TableStatus } from '../read-model/projection-status.js';
import type { ParkedFactView, ProjectionView, ReadModelTableView, RollbackProjectionPayload, TableState } from './operations.types.js';

/** All who follow the log, seen and mended alike: projections, which make tables, and reactors, which send commands. */
@Injectable()
export class Followers {
  constructor(
    private readonly projections: ProjectionsControl,
    private readonly reactions: ReactionsControl,
    private readonly clock: Clock,
  ) {}

  async status(): Promise<ProjectionView[]> {
    return [...(await this.ofProjections()), ...(await this.ofReactors())];
  }

  /** @returns what is being built. @throws ProjectionUnknown */
  async rebuild(name?: string): Promise<ProjectionView[]> {
    await this.projections.rebuild(name);
    return (await this.ofProjections()).filter(({ projection }) => name === undefined || projection === name);
  }

  /** @throws ProjectionUnknown, NothingToGoBackTo, EarlierTableStale */
  async rollback(name: string, isStaleFine: boolean): Promise<RollbackProjectionPayload> {
    const { behind, ...done } = await this.projections.rollback(name, { isStaleFine });
    return { ...done, behind: `${behind}` };
  }

  /** @returns how many streams were tried and go on. @throws ProjectionUnknown */
  async retry(name: string, stream?: string): Promise<number> {
    if (!(await this.isReactor(name))) return (await this.projections.retry(name, stream)).mended;
    const before = await this.parkedStreams(name);
    await this.reactions.retry(name, stream);
    return before - (await this.parkedStreams(name));
  }

  /** @throws ProjectionUnknown, FactNotParked, ReactionNotParked */
  async skip(name: string, eventId: string, reason: string, actor: Actor): Promise<void> {
    if (!(await this.isReactor(name))) return this.projections.skip(name, eventId, reason, actor);
    const parked = (await this.reactions.status()).find(({ reactor }) => reactor === name)?.parked.find((each) => each.eventId === eventId);
    if (!parked) throw new ReactionNotParked();
    return this.reactions.skip({ tenantId: parked.tenantId, reactor: name, eventId }, { actorId: actor.id, reason, now: this.clock.now() });
  }

  /** How many facts a follower has parked. */
  async stillParked(name: string): Promise<number> {
    return (await this.status()).find(({ projection }) => projection === name)?.parked.length ?? 0;
  }

  private async ofProjections(): Promise<ProjectionView[]> {
    const [all, parked] = await Promise.all([this.projections.status(), this.projections.parked()]);
    return all.map(({ projection, version, position, head, lag, rebuilding, factsPerSecond, secondsLeft, tables }) => ({
      projection,
      version,
      isRebuilding: rebuilding,
      factsPerSecond: factsPerSecond ?? null,
      secondsLeft: secondsLeft ?? null,
      tables: tables.map(tableView),
      ...texts({ position, head, lag }),
      parked: parked.filter((each) => each.projection === projection),
    }));
  }

  private async ofReactors(): Promise<ProjectionView[]> {
    const view = ({ eventId, stream, reason, tries }: Omit<ParkedFactView, 'type'>): ParkedFactView => ({ eventId, stream, reason, tries, type: null });
    return (await this.reactions.status()).map(({ reactor, parked, ...positions }) => ({
      projection: reactor,
      version: null,
      isRebuilding: false,
      factsPerSecond: null,
      secondsLeft: null,
      tables: [],
      ...texts(positions),
      parked: parked.map(view),
    }));
  }

  private async isReactor(name: string): Promise<boolean> {
    return (await this.reactions.status()).some(({ reactor }) => reactor === name);
  }

  private async parkedStreams(name: string): Promise<number> {
    const parked = (await this.reactions.status()).find(({ reactor }) => reactor === name)?.parked ?? [];
    return new Set(parked.map(({ stream }) => stream)).size;
  }
}

function tableView({ table, version, state, position, lag, parked, startedAt, publishedAt, differences, factsPerSecond, secondsLeft }: TableStatus): ReadModelTableView {
  return {
    table, version, parked, startedAt,
    state: state as TableState, // the same names
    position: `${position}`,
    lag: `${lag}`,
    publishedAt: publishedAt ?? null,
    differences: differences ?? null,
    factsPerSecond: factsPerSecond ?? null,
    secondsLeft: secondsLeft ?? null,
  };
}

/** GraphQL has no integer as wide as a position. */
const texts = ({ position, head, lag }: Readonly<Record<'position' | 'head' | 'lag', bigint>>) => ({ position: `${position}`, head: `${head}`, lag: `${lag}` });
