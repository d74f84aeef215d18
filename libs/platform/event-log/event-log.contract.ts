import { newStream, proposed } from '../event-store/event-store.contract.js';
import { type EventStore, NO_STREAM, type StoredFact, StoreReplaced } from '../event-store/event-store.js';
import type { Delivery, EventLog, FollowOptions } from './event-log.js';

/** What every event log promises to those who follow it. Each adapter's spec calls it. @param open a log, and the store that feeds it */
export function eventLogContract(name: string, open: () => Promise<{ log: EventLog; store: EventStore; close: () => Promise<void> }>) {
  describe(`${name} event log`, () => {
    let [log, store, close]: [EventLog, EventStore, () => Promise<void>] = [undefined!, undefined!, undefined!];
    let stop: AbortController;
    beforeAll(async () => void ({ log, store, close } = await open()));
    beforeEach(() => void (stop = new AbortController()));
    afterEach(() => stop.abort());
    afterAll(() => close());

    const append = (text: string, tenantId?: string) => store.append(newStream(), NO_STREAM, [proposed(text, tenantId ? { tenantId } : {})]);
    const newName = () => `spec.follower-${crypto.randomUUID()}`;

    /** Follows until it has had `count` facts after `from`. */
    async function take(count: number, from: bigint, options: Partial<FollowOptions> = {}): Promise<{ facts: StoredFact[]; deliveries: Delivery[] }> {
      const [facts, deliveries]: [StoredFact[], Delivery[]] = [[], []];
      const own = new AbortController();
      for await (const delivery of log.follow({ name: newName(), after: async () => from, signal: AbortSignal.any([own.signal, stop.signal]), ...options })) {
        deliveries.push(delivery);
        facts.push(...delivery.facts.filter(({ position }) => position > from));
        if (facts.length >= count) own.abort();
      }
      return { facts, deliveries };
    }
    /** The next that has facts. */
    async function next(following: AsyncGenerator<Delivery, void>): Promise<readonly StoredFact[] | undefined> {
      for (;;) {
        const { value } = await following.next();
        if (!value || value.facts.length > 0) return value?.facts;
      }
    }
    const texts = (facts: readonly StoredFact[]) => facts.map(({ data }) => (JSON.parse(data) as { text: string }).text);

    it('is the log of its store', async () => {
      await append('any');
      expect(log.identity).toEqual(store.identity);
      expect(await log.head()).toBe(await store.head());
    });

    it('delivers facts as the store holds them', async () => {
      const before = await store.head();
      await append('a');
      await append('b');
      expect((await take(2, before)).facts).toEqual(await store.readAll(before, 10));
    });

    it('goes on after what a follower has taken in', async () => {
      await append('taken in');
      const taken = await store.head();
      await append('new');
      expect(texts((await take(1, taken)).facts)).toEqual(['new']);
    });

    it('delivers no more at once than asked for', async () => {
      const before = await store.head();
      for (const text of ['a', 'b', 'c', 'd', 'e']) await append(text);
      const { facts, deliveries } = await take(5, before, { limit: 2 });
      expect(texts(facts)).toEqual(['a', 'b', 'c', 'd', 'e']);
      expect(Math.max(...deliveries.map((delivery) => delivery.facts.length))).toBeLessThanOrEqual(2);
    });

    it('keeps each tenant in one lane, and each lane in order', async () => {
      const before = await store.head();
      const tenants = Array.from({ length: 5 }, () => crypto.randomUUID());
      await Promise.all(Array.from({ length: 60 }, (_, index) => append(`${index}`, tenants[index % 5])));
      const { deliveries } = await take(60, before, { limit: 7 });
      const lanes = new Map<number, StoredFact[]>();
      for (const { lane, facts } of deliveries) lanes.set(lane, [...(lanes.get(lane) ?? []), ...facts]);
      for (const tenant of tenants) expect([...lanes.values()].filter((facts) => facts.some(({ tenantId }) => tenantId === tenant))).toHaveLength(1);
      for (const facts of lanes.values()) {
        const positions = facts.map(({ position }) => position);
        expect(positions).toEqual([...positions].sort((a, b) => Number(a - b)));
      }
    });

    it('says of each delivery how far its lane is complete, and of every lane when it has come to the end', async () => {
      const before = await store.head();
      const tenants = Array.from({ length: 5 }, () => crypto.randomUUID());
      for (const tenant of tenants) await append('any', tenant);
      const head = await store.head();
      const through = new Map<number, bigint>();
      for await (const delivery of log.follow({ name: newName(), after: async () => before, signal: stop.signal })) {
        for (const { position } of delivery.facts) expect(position <= delivery.through).toBe(true);
        expect(delivery.through > (through.get(delivery.lane) ?? 0n)).toBe(true);
        through.set(delivery.lane, delivery.through);
        if (through.size === log.lanes && [...through.values()].every((each) => each >= head)) break;
      }
      expect([...through.keys()].sort()).toEqual(Array.from({ length: log.lanes }, (_, lane) => lane));
    });

    it('knows the lane of each tenant', async () => {
      const before = await store.head();
      const tenants = Array.from({ length: 5 }, () => crypto.randomUUID());
      for (const tenant of tenants) await append('any', tenant);
      const { deliveries } = await take(5, before);
      for (const { lane, facts } of deliveries) for (const { tenantId } of facts) expect(log.laneOf(tenantId)).toBe(lane);
    });

    it('delivers to every follower of another name, each at its own place', async () => {
      const before = await store.head();
      await append('a');
      const between = await store.head();
      await append('b');
      const [all, some] = await Promise.all([take(2, before), take(1, between)]);
      expect([texts(all.facts), texts(some.facts)]).toEqual([['a', 'b'], ['b']]);
    });

    it('asks for the place again each time it is followed anew, and delivers again what was not taken in', async () => {
      const before = await store.head();
      await append('once more');
      const follower = newName();
      expect(texts((await take(1, before, { name: follower })).facts)).toEqual(['once more']);
      expect(texts((await take(1, before, { name: follower })).facts)).toEqual(['once more']);
    });

    it('wakes those who wait, and ends when aborted', async () => {
      const before = await store.head();
      const following = log.follow({ name: newName(), after: async () => before, signal: stop.signal });
      const first = next(following);
      await append('news');
      expect(texts((await first)!)).toEqual(['news']);
      const last = next(following);
      stop.abort();
      expect(await last).toBeUndefined();
    });

    it('waits until a delivery was taken in', async () => {
      const before = await store.head();
      const following = log.follow({ name: newName(), after: async () => before, limit: 1, signal: stop.signal });
      for (const text of ['a', 'b', 'c']) await append(text);
      expect(texts((await next(following))!)).toEqual(['a']);
      await new Promise((resolve) => setTimeout(resolve, 50));
      expect(texts((await next(following))!)).toEqual(['b']);
    });

    it('refuses a follower that has come further than the log reaches', async () => {
      const beyond = (await store.head()) + 100n;
      await expect(log.follow({ name: newName(), after: async () => beyond, signal: stop.signal }).next()).rejects.toThrow(StoreReplaced);
    });
  });
}
