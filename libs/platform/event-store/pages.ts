import { ahead } from '../running/ahead.js';
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

/** The pages of a log, in order, each read while the one before is used; none is empty. */
export async function* pagesOf(store: Pick<EventStore, 'readAll'>, options: PagesOptions): AsyncGenerator<readonly StoredFact[], void> {
  for await (const page of ahead(read(store, options))) {
    if (options.signal?.aborted) return;
    yield page;
  }
}

async function* read(store: Pick<EventStore, 'readAll'>, { after = 0n, until, limit, signal }: PagesOptions): AsyncGenerator<readonly StoredFact[], void> {
  for (let place = after; !signal?.aborted && (until === undefined || place < until); ) {
    const page = (await store.readAll(place, limit)).filter(({ position }) => until === undefined || position <= until);
    if (page.length === 0) return;
    yield page;
    place = page.at(-1)!.position;
  }
}
