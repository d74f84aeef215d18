import type { EventStore, StoredFact } from '@parley/platform/event-store/event-store.js';

const PAGE = 1_000;

/** The facts of a tenant in the order of the log, page by page, as the store holds them now. */
export async function* tenantFacts(store: EventStore, tenantId: string): AsyncGenerator<readonly StoredFact[], void> {
  for (let after = 0n; ; ) {
    const page = await store.readTenant(tenantId, { after, limit: PAGE });
    yield page;
    if (page.length < PAGE) return;
    after = page.at(-1)!.position;
  }
}
