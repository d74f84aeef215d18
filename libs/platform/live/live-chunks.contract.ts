import { setTimeout as delay } from 'node:timers/promises';
import { type Chunk, firstSequence, type LiveChunks, type ReplyKey } from './live-chunks.js';

/** @param keepMs how long the adapter keeps a reply after its end */
export type OpenLiveChunks = (options: { keepMs: number }) => Promise<LiveChunks>;

/** What every adapter of live chunks promises. Each adapter's spec calls it. */
export function liveChunksContract(name: string, open: OpenLiveChunks) {
  describe(`${name} live chunks`, () => {
    let live: LiveChunks;
    let key: ReplyKey;
    beforeAll(async () => void (live = await open({ keepMs: 60_000 })));
    beforeEach(() => void (key = { tenantId: crypto.randomUUID(), replyId: crypto.randomUUID() }));
    afterAll(() => live.close());

    const until = new AbortController().signal;
    const read = async (fromSequence = 0, signal = until, of = key) => {
      const chunks: Chunk[] = [];
      for await (const each of live.follow(of, fromSequence, signal)) chunks.push(...each);
      return chunks;
    };
    const publish = (...chunks: Chunk[]) => live.publish(key, chunks);

    it('gives a reader what is there, then what comes, until the end', async () => {
      await publish(chunk(0), chunk(1));
      const reading = read();
      await publish(chunk(2));
      await live.end(key);
      expect(await reading).toEqual([chunk(0), chunk(1), chunk(2)]);
    });

    it('lets a reader wait for a reply that nobody knows yet', async () => {
      const reading = read();
      await delay(5);
      await publish(chunk(0));
      await live.end(key);
      expect(await reading).toEqual([chunk(0)]);
    });

    it('gives a reader that comes back what it missed, then the rest', async () => {
      await publish(chunk(0), chunk(1), chunk(2));
      const reading = read(2);
      await publish(chunk(3));
      await live.end(key);
      expect(await reading).toEqual([chunk(2), chunk(3)]);
    });

    it('gives a reader that comes after the end what is kept', async () => {
      await publish(chunk(0), chunk(1));
      await live.end(key);
      expect(await read(1)).toEqual([chunk(1)]);
      expect(await live.kept(key, 0)).toEqual([chunk(0), chunk(1)]);
    });

    it('gives a reader that has had everything nothing, and ends', async () => {
      await publish(chunk(0));
      await live.end(key);
      expect(await read(1)).toEqual([]);
    });

    it('keeps nothing of a reply that nobody knows', async () => expect(await live.kept(key, 0)).toEqual([]));

    it('drops a chunk that is there already', async () => {
      await publish(chunk(0), chunk(1));
      await publish(chunk(0), { ...chunk(1), text: 'another' }, chunk(2));
      await live.end(key);
      expect(await read()).toEqual([chunk(0), chunk(1), chunk(2)]);
    });

    it('drops what comes after the end', async () => {
      await publish(chunk(0));
      await live.end(key);
      await publish(chunk(1));
      expect(await read()).toEqual([chunk(0)]);
    });

    it('begins a new attempt anew, and drops what the replaced one still says', async () => {
      await publish(chunk(0), chunk(1));
      const reading = read();
      await delay(5);
      await publish(chunk(0, 2));
      await publish(chunk(2, 1));
      await publish(chunk(1, 2));
      await live.end(key);
      expect(await reading).toEqual([chunk(0), chunk(1), chunk(0, 2), chunk(1, 2)]);
      expect(lastAttempt(await read())).toEqual([chunk(0, 2), chunk(1, 2)]);
    });

    it('gives a reader of a replaced attempt the new one', async () => {
      await publish(chunk(0), chunk(1));
      await publish(chunk(0, 2));
      await live.end(key);
      expect(lastAttempt(await read(2))).toEqual([chunk(0, 2)]);
    });

    it('serves many readers at their own pace', async () => {
      const readers = Array.from({ length: 200 }, (_, index) => read(index % 10));
      const slow = (async () => {
        const seen: Chunk[] = [];
        for await (const chunks of live.follow(key, 0, until)) {
          seen.push(...chunks);
          await delay(3);
        }
        return seen;
      })();
      for (let sequence = 0; sequence < 30; sequence++) await publish(chunk(sequence));
      await live.end(key);
      const all = Array.from({ length: 30 }, (_, sequence) => chunk(sequence));
      expect(await slow).toEqual(all);
      for (const [index, seen] of (await Promise.all(readers)).entries()) expect(seen).toEqual(all.slice(index % 10));
    });

    it('lets a waiting reader go when it is aborted, and leaves nothing on its signal', async () => {
      const stop = new AbortController();
      const reading = read(0, stop.signal);
      await publish(chunk(0));
      await delay(20);
      stop.abort();
      expect(await reading).toEqual([chunk(0)]);
      expect(await read(0, stop.signal)).toEqual([]);
    });

    it('tells replies of two tenants apart, though their ids are the same', async () => {
      const other = { ...key, tenantId: crypto.randomUUID() };
      await publish(chunk(0));
      await live.publish(other, [{ ...chunk(0), text: 'theirs' }]);
      await Promise.all([live.end(key), live.end(other)]);
      expect(await read()).toEqual([chunk(0)]);
      expect(await read(0, until, other)).toEqual([{ ...chunk(0), text: 'theirs' }]);
    });

    it('forgets at once when told, and stays silent about it', async () => {
      await publish(chunk(0));
      const reading = read();
      await delay(5);
      await live.forget(key);
      await publish(chunk(1));
      expect(await reading).toEqual([chunk(0)]);
      expect(await live.kept(key, 0)).toEqual([]);
      expect(await read()).toEqual([]);
    });

    it('forgets some time after the end', async () => {
      const brief = await open({ keepMs: 50 });
      await brief.publish(key, [chunk(0)]);
      await brief.end(key);
      expect(await brief.kept(key, 0)).toEqual([chunk(0)]);
      for (let waitedMs = 0; waitedMs < 2_000 && (await brief.kept(key, 0)).length > 0; waitedMs += 10) await delay(10);
      expect(await brief.kept(key, 0)).toEqual([]);
      await brief.close();
    });
  });
}

const chunk = (n: number, attempt = 1): Chunk => ({ attempt, sequence: firstSequence(attempt) + n, text: `text ${attempt}.${n} ü ` });

/** What a reader shows who clears the text when an attempt begins. */
const lastAttempt = (chunks: readonly Chunk[]) => chunks.filter(({ attempt }) => attempt === chunks.at(-1)?.attempt);
