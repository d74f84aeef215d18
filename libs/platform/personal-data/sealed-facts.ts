import { createHash } from 'node:crypto';
import type { EventStore, StoredFact } from '../event-store/event-store.js';
import type { KeyOwner } from '../key-store/key-store.js';
import { parseSealed, SealBroken } from './sealed-text.js';

/** How many facts, and SHA-256 over their places, ids and stored texts, hexadecimal. */
export interface SealedFacts {
  readonly count: number;
  readonly digest: string;
}

const PAGE = 1_000;

/**
 * What a person's key seals in the log, up to a position: what nobody can read once it is destroyed. It is computed over stored texts,
 * so the answer is the same before and after.
 *
 * @param before facts from this position on are left out
 */
export async function factsSealedFor(store: EventStore, owner: KeyOwner, before: bigint): Promise<SealedFacts> {
  const hash = createHash('sha256');
  let count = 0;
  for (let after = 0n; ; ) {
    const page = await store.readTenant(owner.tenantId, { after, until: before - 1n, limit: PAGE });
    for (const { stream, revision, eventId, type, data } of page.filter((fact) => isSealedFor(fact, owner))) {
      hash.update(`${stream}@${revision} ${eventId} ${type} ${createHash('sha256').update(data).digest('hex')}\n`);
      count++;
    }
    if (page.length < PAGE) return { count, digest: hash.digest('hex') };
    after = page.at(-1)!.position;
  }
}

/** Whether a field of the fact holds text under the person's key. What was sealed after the key was destroyed holds none. */
function isSealedFor({ data }: StoredFact, { tenantId, subjectId }: KeyOwner): boolean {
  if (!data.includes(`:${subjectId}:`)) return false; // most facts: not worth the parsing
  const fields = JSON.parse(data) as Readonly<Record<string, unknown>>;
  return Object.values(fields).some((value) => typeof value === 'string' && subjectOf(value, tenantId) === subjectId);
}

function subjectOf(text: string, tenantId: string): string | undefined {
  try {
    const { subjectId, body } = parseSealed(text, tenantId);
    return body === '' ? undefined : subjectId;
  } catch (error) {
    if (!(error instanceof SealBroken)) throw error;
    return undefined; // a text that is not personal, and only looks like it
  }
}
