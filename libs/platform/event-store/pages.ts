import type { EventStore, StoredFact } from './event-store.js';

export interface PagesOptions {
  /** The pages begin after this position. Default 0. */
  readonly after?: bigint;
  /** The last position. Default: to the end of the log. */
  readonly until?: bigint | undefined;
  /** Most facts in a page. */
  readonly limit: number;
  /** When aborted, there are no more pages. */
  readonly signal?: AbortSignal;
}

/** The pages of a log, in order; none is empty. */
export async function* pagesOf(store: Pick<EventStore, 'readAll'>, { after = 0n, until, limit, signal }: PagesOptions): AsyncGenerator<readonly StoredFact[], void> {
  const isOver = (place: bigint) => signal?.aborted === true || (until !== undefined && place >= until);
  if (isOver(after)) return;
  const read = async (last?: StoredFact) => (await store.readAll(last?.position ?? after, limit)).filter(({ position }) => until === undefined || position <= until);
  for await (const page of readAhead(read, (some) => some.length === 0 || isOver(some.at(-1)!.position))) {
    if (signal?.aborted) return;
    yield page;
  }
}

/**
 * Pages, the next of which is read while one is used; none is empty.
 *
 * @param read the page after a fact, or the first
 * @param isLast whether none comes after a page
 */
export async function* readAhead(
  read: (last?: StoredFact) => Promise<readonly StoredFact[]>,
  isLast: (page: readonly StoredFact[]) => boolean,
): AsyncGenerator<readonly StoredFact[], void> {
  for (let next = read(); ; ) {
    const page = await next;
    const isEnd = isLast(page);
    if (!isEnd) {
      next = read(page.at(-1));
      next.catch(() => undefined); // it is awaited in its turn
    }
    if (page.length > 0) yield page;
    if (isEnd) return;
  }
}
