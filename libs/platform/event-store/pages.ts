import type { StoredFact } from './event-store.js';

/**
 * The pages of a log from a place on, to its end: while one is worked on, the next is on its way.
 *
 * @param read a page after a position; an empty one is the end
 */
export async function* pagesAhead(read: (after: bigint) => Promise<readonly StoredFact[]>, after = 0n): AsyncGenerator<readonly StoredFact[], void> {
  let coming = read(after);
  for (;;) {
    const page = await coming;
    const last = page.at(-1);
    if (!last) return;
    coming = read(last.position);
    coming.catch(() => undefined); // whoever asks for the page is told; who leaves before need not know
    yield page;
  }
}
