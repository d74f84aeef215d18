/** What makes a live source tell. */
export interface Teller<Item> {
  /** Tells items, after all that was told before. */
  readonly tell: (items: readonly Item[]) => void;
  /** From now on items are taken from elsewhere, whenever there is room for them; undefined: no longer. */
  readonly draw: (take: (() => readonly Item[]) | undefined) => void;
  /** There is something to draw. */
  readonly heard: () => void;
}

const NONE: readonly never[] = [];
const OVER = { done: true, value: undefined } as const;

/**
 * A subscription's source for streams of many small events, which many may watch. Whoever is ready takes at once all that has come, so
 * an event costs no promise, and a reader that is slow holds up nobody and makes nothing pile up.
 *
 * What a client is told of an event follows from the event and the operation alone, and is made once for all who ask the same: its
 * fields are plain properties, and an object that is told is not changed any more.
 *
 * @example @Subscription(() => Tick) ticks() { return new LiveSource(async ({ tell }, signal) => { … }); }
 */
export class LiveSource<Item> implements AsyncGenerator<Item, void> {
  private readonly leaving = new AbortController();
  private told: Item[] = [];
  private one: Item[] = [];
  private drawn: (() => readonly Item[]) | undefined;
  private ended: { readonly error?: unknown } | undefined;
  private heard: () => void = () => undefined;

  /** @param make tells until it settles; the source is then over. It waits for nothing without the signal, which says that the reader has left. */
  constructor(make: (teller: Teller<Item>, signal: AbortSignal) => Promise<void>) {
    const teller: Teller<Item> = {
      tell: (items) => {
        this.told.push(...items);
        this.heard();
      },
      draw: (take) => {
        this.drawn = take;
        this.heard();
      },
      heard: () => this.heard(),
    };
    make(teller, this.leaving.signal).then(
      () => this.end({}),
      (error: unknown) => this.end({ error }),
    );
  }

  /** Calls back when there is something to take, or the end. For the one who reads. */
  onNews(heard: () => void): void {
    this.heard = heard;
  }

  /** What came since the last time, in order. */
  take(): readonly Item[] {
    if (this.told.length === 0) return this.drawn?.() ?? NONE;
    const { told } = this;
    this.told = [];
    return told;
  }

  /** Set when all was taken and no more will come; with an error when it broke. */
  get over(): { readonly error?: unknown } | undefined {
    return this.told.length === 0 ? this.ended : undefined;
  }

  /** One by one, for transports that take them so. */
  async next(): Promise<IteratorResult<Item, void>> {
    for (;;) {
      const news = new Promise<void>((resolve) => this.onNews(resolve)); // before looking
      if (this.leaving.signal.aborted) return OVER;
      if (this.one.length === 0) this.one = this.take().toReversed();
      if (this.one.length > 0) return { done: false, value: this.one.pop()! };
      if (this.over && 'error' in this.over) throw this.over.error;
      if (this.over) return OVER;
      await news;
    }
  }

  /** The reader leaves. */
  return(): Promise<IteratorResult<Item, void>> {
    this.leaving.abort();
    this.heard();
    return Promise.resolve(OVER);
  }

  async throw(error: unknown): Promise<never> {
    await this.return();
    throw error;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  private end(how: { readonly error?: unknown }): void {
    this.drawn = undefined;
    this.ended = how;
    this.heard();
  }
}
