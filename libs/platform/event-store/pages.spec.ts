import { newStream, proposed } from './event-store.contract.js';
import { NO_STREAM } from './event-store.js';
import { MemoryEventStore } from './memory.event-store.js';
import { type PagesOptions, pagesOf } from './pages.js';

const store = new MemoryEventStore();
beforeAll(() => store.append(newStream(), NO_STREAM, Array.from({ length: 25 }, () => proposed())));

async function positions(options: PagesOptions): Promise<number[][]> {
  const pages: number[][] = [];
  for await (const page of pagesOf(store, options)) pages.push(page.map(({ position }) => Number(position)));
  return pages;
}

const from = (first: number, length: number) => Array.from({ length }, (_, index) => first + index);

describe('the pages of a log', () => {
  it('come in order, whole, from where one says', async () => {
    expect(await positions({ after: 3n, limit: 10 })).toEqual([from(4, 10), from(14, 10), from(24, 2)]);
  });

  it('end at the position that one says, in the midst of a page and at its end', async () => {
    expect(await positions({ until: 12n, limit: 10 })).toEqual([from(1, 10), from(11, 2)]);
    expect(await positions({ until: 10n, limit: 10 })).toEqual([from(1, 10)]);
    expect(await positions({ until: 0n, limit: 10 })).toEqual([]);
    expect(await positions({ until: 99n, limit: 25 })).toEqual([from(1, 25)]);
  });

  it('end when nobody wants any more', async () => {
    const stop = new AbortController();
    const seen: number[] = [];
    for await (const page of pagesOf(store, { limit: 5, signal: stop.signal })) {
      seen.push(page.length);
      if (seen.length === 2) stop.abort();
    }
    expect(seen).toEqual([5, 5]);
  });

  it('are read ahead by one: the next is under way while one is used', async () => {
    const asked: bigint[] = [];
    const watched = { readAll: (after: bigint, limit: number) => (asked.push(after), store.readAll(after, limit)) };
    for await (const page of pagesOf(watched, { limit: 10 })) {
      expect(asked.at(-1)).toBe(page.at(-1)!.position);
      if (page.length < 10) break;
    }
    expect(asked).toEqual([0n, 10n, 20n, 25n]);
  });

  it('break where the log cannot be read, after those that could be', async () => {
    const broken = { readAll: (after: bigint, limit: number) => (after === 10n ? Promise.reject(new Error('away')) : store.readAll(after, limit)) };
    const seen: number[] = [];
    const all = async () => {
      for await (const page of pagesOf(broken, { limit: 10 })) seen.push(page.length);
    };
    await expect(all()).rejects.toThrow('away');
    expect(seen).toEqual([10]);
  });
});
