/** The same items; the next one is asked for before the last one is done with. */
export async function* ahead<Item>(source: AsyncGenerator<Item, void>): AsyncGenerator<Item, void> {
  for (let next = source.next(); ; ) {
    const { done, value } = await next;
    if (done) return;
    next = source.next();
    next.catch(() => undefined); // thrown where it is awaited, or by nobody when nobody goes on
    yield value;
  }
}
