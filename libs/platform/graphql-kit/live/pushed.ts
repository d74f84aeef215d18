import type { LiveSource } from './live-source.js';

/** A way out that says when it has room. */
export interface Outlet {
  /** Whether it is open, and what was written before has gone. */
  hasRoom(): boolean;
  /** Calls back once when it has; of one that is closed, never. */
  onRoom(room: () => void): void;
}

/**
 * Pushes what a live source tells into an outlet, as much at once as there is and as soon as there is room, and never more.
 *
 * @param push writes the first of the items, one at least. @returns how many
 * @returns what yields nothing, and ends or throws as the source does, when all of it was pushed
 */
export function pushed<Item>(source: LiveSource<Item>, outlet: Outlet, push: (items: readonly Item[]) => number): AsyncGenerator<never, void> {
  const ended = Promise.withResolvers<IteratorReturnResult<void>>();
  let [isWaiting, rest]: [boolean, readonly Item[]] = [false, []];
  /** Once: whoever has much to say lets others have their turn. */
  const pushSome = () => {
    if (!outlet.hasRoom()) {
      isWaiting = true;
      return outlet.onRoom(() => {
        isWaiting = false;
        turn();
      });
    }
    const items = rest.length > 0 ? rest : source.take();
    if (items.length === 0) return;
    const count = push(items);
    rest = count === items.length ? [] : items.slice(count);
    if (rest.length > 0) soon(turn);
  };
  const turn = () => {
    if (isWaiting) return;
    try {
      pushSome();
      const { over } = source;
      if (!over || rest.length > 0) return;
      if ('error' in over) ended.reject(over.error);
      else ended.resolve(OVER);
    } catch (error) {
      void source.return();
      ended.reject(error);
    }
  };
  let isBegun = false;
  const begin = () => {
    if (!isBegun) source.onNews(() => soon(turn));
    isBegun = true;
    turn();
    return ended.promise;
  };
  const leave = async () => {
    await source.return();
    ended.resolve(OVER);
    return OVER;
  };
  return {
    next: begin,
    return: leave,
    throw: async (error) => {
      await leave();
      throw error;
    },
    [Symbol.asyncIterator]() {
      return this;
    },
    [Symbol.asyncDispose]: async () => void (await leave()),
  };
}

const OVER = { done: true, value: undefined } as const;

let due = new Set<() => void>();

/** Does it before the loop goes on to the next thing, once, however often it is asked for: what comes in one turn of the loop goes out together. */
function soon(work: () => void): void {
  if (due.size === 0) setImmediate(doAll);
  due.add(work);
}

function doAll(): void {
  const all = due;
  due = new Set();
  for (const work of all) work();
}
