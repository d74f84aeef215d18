import { failpoint } from '../failpoints/failpoints.js';
import type { EventStore, StoredFact } from './event-store.js';
import { pagesOf } from './pages.js';

/** Facts that are read, and written, at once. */
const PAGE = 500;

/** The logs are not the same, at the first fact that differs. Its message is a sentence for the person at the terminal. */
export class LogsDiffer extends Error {}

export interface CopyOptions {
  readonly from: EventStore;
  readonly to: EventStore;
  readonly signal: AbortSignal;
  /** Called now and then. */
  readonly progress?: (done: Progress) => void;
}

export interface Progress {
  readonly doing: 'looking how far it is' | 'copying' | 'verifying';
  readonly facts: number;
  /** Of the fact that was done last, in the log that is copied from; and where that log ends. */
  readonly position: bigint;
  readonly end: bigint;
}

/**
 * Copies a log into another store, as far as it reaches now: the same facts in the same order, at positions of the other store.
 *
 * It goes on where an earlier copy ended: what is there is read and compared first.
 *
 * @returns how many facts were there before, and how many were copied
 * @throws LogsDiffer when the other store holds anything else
 */
export async function copyLog({ from, to, signal, progress = () => undefined }: CopyOptions): Promise<{ readonly before: number; readonly copied: number }> {
  const end = await from.head();
  let place = 0n;
  let before = 0;
  for await (const [theirs] of side(from, to, end, signal)) {
    place = theirs.position;
    if (++before % PAGE === 0) progress({ doing: 'looking how far it is', facts: before, position: place, end });
  }
  let copied = 0;
  for await (const facts of pagesOf(from, { after: place, until: end, limit: PAGE, signal })) {
    await failpoint('copy.before_page');
    await to.copyIn(facts);
    await failpoint('copy.after_page');
    copied += facts.length;
    progress({ doing: 'copying', facts: before + copied, position: facts.at(-1)!.position, end });
  }
  return { before, copied };
}

/**
 * Reads both logs again, from the beginning to where the first ends now, and compares them fact by fact.
 *
 * @param each called with each pair, in the order of the log
 * @returns how many facts are the same
 * @throws LogsDiffer when any differs, is missing, or is too much
 */
export async function verifyLog({ from, to, signal, progress = () => undefined }: CopyOptions, each: (original: StoredFact, copy: StoredFact) => void = () => undefined): Promise<number> {
  const end = await from.head();
  let [facts, place] = [0, 0n];
  for await (const [original, copy] of side(from, to, end, signal)) {
    each(original, copy);
    place = original.position;
    if (++facts % PAGE === 0) progress({ doing: 'verifying', facts, position: place, end });
  }
  if (!signal.aborted && place !== end) throw new LogsDiffer(`The copy ends after ${facts} facts, the log goes on. Run the same command again: it copies the rest.`);
  return facts;
}

/** Both logs side by side, as far as both reach. @throws LogsDiffer at the first fact that is not the same */
async function* side(from: EventStore, to: EventStore, end: bigint, signal: AbortSignal): AsyncGenerator<readonly [StoredFact, StoredFact]> {
  const originals = each(pagesOf(from, { until: end, limit: PAGE, signal }));
  let count = 0;
  for await (const copy of each(pagesOf(to, { limit: PAGE, signal }))) {
    const next = await originals.next();
    count += 1;
    if (signal.aborted) return;
    if (next.done) throw new LogsDiffer(`The other store holds more than this log: its fact ${count} (${copy.type} ${copy.eventId} of ${copy.stream}) is not in it. Copy into an empty store.`);
    const original = next.value;
    const difference = differenceOf(original, copy);
    if (difference) throw new LogsDiffer(`Fact ${count} is another one in the other store: ${difference} of ${original.type} ${original.eventId} (${original.stream}) differs. Copy into an empty store.`);
    yield [original, copy];
  }
}

async function* each(pages: AsyncIterable<readonly StoredFact[]>): AsyncGenerator<StoredFact, void> {
  for await (const page of pages) yield* page;
}

/** What is not the same, in a word. Positions are not compared: they are each store's own. */
function differenceOf(one: StoredFact, other: StoredFact): string | undefined {
  if (one.recordedAt.getTime() !== other.recordedAt.getTime()) return 'its instant';
  const parts = { eventId: 'its id', stream: 'its stream', revision: 'its revision', tenantId: 'its tenant', type: 'its type', data: 'its data', meta: 'its metadata' } as const;
  return Object.entries(parts).find(([part]) => one[part as keyof typeof parts] !== other[part as keyof typeof parts])?.[1];
}
