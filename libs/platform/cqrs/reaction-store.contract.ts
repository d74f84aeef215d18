import type { ParkedReaction, ReactionStore, ReactorCheckpoint } from './reaction-store.js';

/** What every reaction store does. */
export function reactionStoreContract(name: string, open: () => Promise<ReactionStore>): void {
  const storeId = crypto.randomUUID();
  const tenantId = crypto.randomUUID();
  let reactor: string;
  const checkpoint = (position: bigint, change: Partial<ReactorCheckpoint> = {}): ReactorCheckpoint => ({ reactor, lane: 0, position, storeId, epoch: 1, ...change });
  const parked = (position: bigint, change: Partial<ParkedReaction> = {}): ParkedReaction => ({
    tenantId,
    reactor,
    eventId: crypto.randomUUID(),
    stream: 'spec.a',
    position,
    reason: 'Error: broken',
    tries: 5,
    ...change,
  });
  const skip = { actorId: 'operator', reason: 'a test fact', now: new Date() };

  describe(`reaction store ${name}`, () => {
    let store: ReactionStore;
    beforeAll(async () => {
      store = await open();
    });
    beforeEach(() => {
      reactor = `spec.${crypto.randomUUID()}`;
    });

    it('keeps a checkpoint for each reactor and lane', async () => {
      await store.save([checkpoint(5n), checkpoint(7n, { lane: 1 }), checkpoint(9n, { reactor: `${reactor}.other` })]);
      expect(await store.checkpoints([reactor, 'spec.unknown'], 0)).toEqual([checkpoint(5n)]);
      expect(await store.checkpoints([reactor], 1)).toEqual([checkpoint(7n, { lane: 1 })]);
      expect(new Set(await store.checkpoints([reactor]))).toEqual(new Set([checkpoint(5n), checkpoint(7n, { lane: 1 })]));
    });

    it('takes no checkpoint back, except for another store', async () => {
      await store.save([checkpoint(5n)]);
      await store.save([checkpoint(4n)]);
      expect(await store.checkpoints([reactor], 0)).toEqual([checkpoint(5n)]);
      await store.save([checkpoint(1n, { epoch: 2 })]);
      expect(await store.checkpoints([reactor], 0)).toEqual([checkpoint(1n, { epoch: 2 })]);
    });

    it('parks facts, in the order of the log', async () => {
      const [first, second, elsewhere] = [parked(1n), parked(2n), parked(3n, { stream: 'spec.b' })];
      for (const each of [second, elsewhere, first]) await store.park(each);
      expect(await store.parked([reactor])).toEqual([first, second, elsewhere]);
      expect(await store.parked([reactor], 'spec.a')).toEqual([first, second]);
      expect(await store.parked(['spec.unknown'])).toEqual([]);
    });

    it('adds up the tries, and leaves as it is what waits already', async () => {
      const first = parked(1n);
      await store.park(first);
      await store.park({ ...first, reason: 'waits', tries: 0 });
      expect(await store.parked([reactor])).toEqual([first]);
      await store.park({ ...first, reason: 'Error: other', tries: 1 });
      expect(await store.parked([reactor])).toEqual([{ ...first, reason: 'Error: other', tries: 6 }]);
    });

    it('knows which streams wait, and which of them someone wants to go on', async () => {
      const [first, second, elsewhere] = [parked(1n), parked(2n), parked(3n, { stream: 'spec.b' })];
      for (const each of [first, second, elsewhere]) await store.park(each);
      expect(await store.wishRetry(reactor, 'spec.a')).toBe(1);
      const blocked = [...(await store.blocked([reactor]))].sort((a, b) => (a.stream < b.stream ? -1 : 1));
      expect(blocked).toEqual([{ reactor, stream: 'spec.a', isWished: true }, { reactor, stream: 'spec.b', isWished: false }]);
      expect(await store.wishRetry(reactor)).toBe(2);
    });

    it('takes a failed retry as the end of the wish', async () => {
      const [first, second] = [parked(1n), parked(2n)];
      for (const each of [first, second]) await store.park(each);
      await store.wishRetry(reactor);
      await store.park({ ...first, tries: 1 });
      expect(await store.blocked([reactor])).toEqual([{ reactor, stream: 'spec.a', isWished: false }]);
    });

    it('frees a stream with its last parked fact', async () => {
      const first = parked(1n);
      await store.park(first);
      await store.unpark(first);
      expect(await store.parked([reactor])).toEqual([]);
      expect(await store.blocked([reactor])).toEqual([]);
    });

    it('skips a fact once, and lets what waits behind it go on', async () => {
      const [first, second] = [parked(1n), parked(2n, { tries: 0 })];
      for (const each of [first, second]) await store.park(each);
      expect(await store.skip(first, skip)).toBe(true);
      expect(await store.skip(first, skip)).toBe(false);
      expect(await store.parked([reactor])).toEqual([second]);
      expect(await store.blocked([reactor])).toEqual([{ reactor, stream: 'spec.a', isWished: true }]);
    });

    it('skips nothing of another tenant', async () => {
      const first = parked(1n);
      await store.park(first);
      expect(await store.skip({ ...first, tenantId: crypto.randomUUID() }, skip)).toBe(false);
    });
  });
}
