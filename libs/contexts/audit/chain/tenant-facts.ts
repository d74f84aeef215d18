import type { EventStore, StoredFact } from '@parley/platform/event-store/event-store.js';

const PAGE = 1_000;

/** The facts of a tenant in the order of the log, page by page, as the store holds them now. */
export async function* tenantFacts(store: EventStore, tenantId: string): AsyncGenerator<readonly StoredFact[], void> {
  let after = 0n;
  for (;;) {
    const page = await store.readAll(after, PAGE);
    yield page.filter((fact) => fact.tenantId === tenantId);
    if (page.length < PAGE) return;
    after = page.at(-1)!.position;
  }
}
