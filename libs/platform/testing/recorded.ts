import type { Event, Fact } from '@parley/kernel/event.js';
import { factMeta } from './meta.js';

/** Facts as a log would hold them, in the order given. */
export function recorded<E extends Event>(facts: readonly (E & { tenantId?: string; stream?: string })[]): Fact<E>[] {
  const revisions = new Map<string, bigint>();
  return facts.map(({ tenantId = factMeta.tenantId, stream = `spec.stream-${tenantId}.spec`, ...fact }, index) => {
    const revision = (revisions.get(stream) ?? -1n) + 1n;
    revisions.set(stream, revision);
    const [eventId, position] = [crypto.randomUUID(), BigInt(index + 1)];
    return { ...(fact as unknown as E), eventId, position, stream, revision, meta: { ...factMeta, tenantId }, recordedAt: new Date(factMeta.now) };
  });
}
