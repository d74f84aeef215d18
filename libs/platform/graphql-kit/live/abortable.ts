/**
 * A subscription's source that ends at once when its reader leaves. A bare async generator that waits for something hears of it
 * only when that something comes, which may be never.
 *
 * @param make waits for nothing without the signal
 * @example @Subscription(() => Tick) ticks() { return abortable((signal) => this.clockTicks(signal)); }
 */
export function abortable<Item>(make: (signal: AbortSignal) => AsyncGenerator<Item, void>): AsyncGenerator<Item, void> {
  const leaving = new AbortController();
  const items = make(leaving.signal);
  const done = { done: true, value: undefined } as const;
  const leave = () => {
    leaving.abort();
    void items.return(undefined).catch(() => undefined); // ends when what it waits for has heard the signal
  };
  return {
    next: () => (leaving.signal.aborted ? Promise.resolve(done) : items.next()),
    return: () => {
      leave();
      return Promise.resolve(done);
    },
    throw: (error) => {
      leave();
      return Promise.reject(error as Error);
    },
    [Symbol.asyncIterator]() {
      return this;
    },
    [Symbol.asyncDispose]: () => {
      leave();
      return Promise.resolve();
    },
  };
}
