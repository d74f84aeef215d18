import { type BlockedStream, type ParkedName, type ParkedReaction, ReactionStore, type ReactorCheckpoint, type Skip } from './reaction-store.js';

interface Entry {
  readonly parked: ParkedReaction;
  readonly isWished: boolean;
}

/** What reactors remember, in maps: for specs. */
export class MemoryReactionStore extends ReactionStore {
  private readonly saved = new Map<string, ReactorCheckpoint>();
  private readonly entries = new Map<string, Entry>();
  readonly skipped: (ParkedName & Skip)[] = [];

  async checkpoints(reactors: readonly string[], lane?: number): Promise<readonly ReactorCheckpoint[]> {
    return [...this.saved.values()].filter((each) => reactors.includes(each.reactor) && (lane === undefined || each.lane === lane));
  }

  async save(checkpoints: readonly ReactorCheckpoint[]): Promise<void> {
    for (const checkpoint of checkpoints) {
      const name = `${checkpoint.reactor}/${checkpoint.lane}`;
      const known = this.saved.get(name);
      const isSameStore = known?.storeId === checkpoint.storeId && known.epoch === checkpoint.epoch;
      if (!isSameStore || known.position < checkpoint.position) this.saved.set(name, checkpoint);
    }
  }

  async park(parked: ParkedReaction): Promise<void> {
    const known = this.entries.get(nameOf(parked))?.parked;
    if (known && parked.tries === 0) return;
    this.entries.set(nameOf(parked), { parked: { ...parked, tries: (known?.tries ?? 0) + parked.tries }, isWished: false });
    if (parked.tries > 0) this.wish(parked.reactor, parked.stream, false);
  }

  async parked(reactors: readonly string[], stream?: string): Promise<readonly ParkedReaction[]> {
    const found = [...this.entries.values()].map(({ parked }) => parked).filter((each) => reactors.includes(each.reactor) && (stream === undefined || each.stream === stream));
    return found.sort((a, b) => Number(a.position - b.position));
  }

  async unpark(name: ParkedName): Promise<void> {
    this.entries.delete(nameOf(name));
  }

  async skip(name: ParkedName, skip: Skip): Promise<boolean> {
    const parked = this.entries.get(nameOf(name))?.parked;
    if (!parked) return false;
    this.entries.delete(nameOf(name));
    this.skipped.push({ ...name, ...skip });
    this.wish(parked.reactor, parked.stream, true);
    return true;
  }

  async wishRetry(reactor: string, stream?: string): Promise<number> {
    return this.wish(reactor, stream, true);
  }

  async blocked(reactors: readonly string[]): Promise<readonly BlockedStream[]> {
    const streams = new Map<string, BlockedStream>();
    for (const { parked: { reactor, stream }, isWished } of this.entries.values()) {
      if (!reactors.includes(reactor)) continue;
      const name = `${reactor}/${stream}`;
      streams.set(name, { reactor, stream, isWished: isWished || (streams.get(name)?.isWished ?? false) });
    }
    return [...streams.values()];
  }

  /** @returns of how many streams */
  private wish(reactor: string, stream: string | undefined, isWished: boolean): number {
    const found = [...this.entries.values()].map(({ parked }) => parked).filter((each) => each.reactor === reactor && (stream === undefined || each.stream === stream));
    for (const parked of found) this.entries.set(nameOf(parked), { parked, isWished });
    return new Set(found.map((each) => each.stream)).size;
  }
}

const nameOf = ({ tenantId, reactor, eventId }: ParkedName) => `${tenantId}/${reactor}/${eventId}`;
