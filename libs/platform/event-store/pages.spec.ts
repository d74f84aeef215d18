import { newStream, proposed } from './event-store.contract.js';
import { NO_STREAM, type StoredFact } from './event-store.js';
import { MemoryEventStore } from './memory.event-store.js';
import { pagesAhead } from './pages.js';

const store = new MemoryEventStore();
beforeAll(() => store.append(newStream(), NO_STREAM, Array.from({ length: 25 }, () => proposed())));

const positions = (facts: readonly StoredFact[]) => facts.map(({ position }) => Number(position));

describe('the pages of a log', () => {
  it('come in order, whole, from where one says', async () => {
    const pages: number[][] = [];
    for await (const page of pagesAhead((after) => store.readAll(after, 10), 3n)) pages.push(positions(page));
    expect(pages.map(({ length }) => length)).toEqual([10, 10, 2]);
    expect(pages.flat()).toEqual(Array.from({ length: 22 }, (_, index) => index + 4));
  });

  it('are read one ahead of who works on them, and no further', async () => {
    const asked: bigint[] = [];
    const pages = pagesAhead((after) => {
      asked.push(after);
      return store.readAll(after, 10);
    });
    await pages.next();
    expect(asked).toEqual([0n, 10n]);
    await pages.next();
    expect(asked).toEqual([0n, 10n, 20n]);
    await pages.return();
  });

  it('end with the error of the page that could not be read, after those before it', async () => {
    const seen: number[] = [];
    const failing = async () => {
      for await (const page of pagesAhead(async (after) => {
        if (after === 10n) throw new Error('the store is away');
        return store.readAll(after, 10);
      })) {
        seen.push(page.length);
        await new Promise((resolve) => setTimeout(resolve, 20)); // longer than the failure takes: it waits, and ends nothing by itself
      }
    };
    await expect(failing()).rejects.toThrow('the store is away');
    expect(seen).toEqual([10]);
  });
});
