import type { Actor } from '@parley/kernel/meta.js';
import type { EventStore } from '../event-store/event-store.js';
import type { KeyOwner, KeyStore } from '../key-store/key-store.js';
import type { Codec } from './codec.js';
import { ErasureRemembered } from './erasures.events.js';
import { recordOperation } from './operations-stream.js';

const PAGE = 2_000;

/** From it on a person has no right to a key. (Known by its stored name: what stands in it is not personal.) */
const ASKED = 'ErasureRequested';

interface Parts {
  readonly store: EventStore;
  readonly keyStore: KeyStore;
  readonly codec: Codec;
}

export interface ErasedAgain {
  /** Whom the log, or the list, knows to be erased. */
  readonly people: number;
  /** How many of them had a key again. */
  readonly keys: number;
  /** Whom the log knew nothing of. */
  readonly remembered: number;
}

/** Destroys the keys of all whose erasure the log knows: a key store that was set back holds them again. May be stopped, and run again. */
export async function eraseAgainByLog({ store, keyStore }: Pick<Parts, 'store' | 'keyStore'>, signal: AbortSignal): Promise<ErasedAgain> {
  let [people, keys] = [0, 0];
  for (let after = 0n; !signal.aborted; ) {
    const page = await store.readAll(after, PAGE);
    const owners = page.filter(({ type }) => type === ASKED).map(({ tenantId, data }) => ({ tenantId, subjectId: personOf(data) }));
    people += owners.length;
    keys += await destroyed(keyStore, owners);
    if (page.length < PAGE) break;
    after = page.at(-1)!.position;
  }
  return { people, keys, remembered: 0 };
}

/**
 * Erases all whom the list names, though the log may be from before: destroys their keys, and puts on record whom the log does not know
 * to be erased, so that the server removes what else came back of them. Safe to repeat.
 */
export async function eraseAgainByList(parts: Parts, list: AsyncIterable<KeyOwner>, actor: Actor, now: Date): Promise<ErasedAgain> {
  const people = new Map<string, Set<string>>();
  for await (const { tenantId, subjectId } of list) people.set(tenantId, (people.get(tenantId) ?? new Set()).add(subjectId));
  const done = { people: 0, keys: 0, remembered: 0 };
  for (const [tenantId, subjects] of people) {
    done.people += subjects.size;
    done.keys += await destroyed(parts.keyStore, [...subjects].map((subjectId) => ({ tenantId, subjectId })));
    for (const personId of await unknownOf(parts.store, tenantId, subjects)) {
      const commandId = `erasure-remembered:${personId}`;
      const at = now.toISOString();
      const fact = ErasureRemembered({ personId, rememberedBy: actor.id, rememberedAt: at });
      await recordOperation(parts, fact, ErasureRemembered, { tenantId, actor, now: at, commandId, correlationId: commandId });
      done.remembered++;
    }
  }
  return done;
}

/** Those whose erasure the log does not know. Of a tenant that it does not know, nobody: nothing of them came back. */
async function unknownOf(store: EventStore, tenantId: string, subjects: ReadonlySet<string>): Promise<ReadonlySet<string>> {
  const unknown = new Set(subjects);
  if ((await store.readTenant(tenantId, { limit: 1 })).length === 0) return new Set();
  for (let after = 0n; ; ) {
    const page = await store.readTenant(tenantId, { types: [ASKED, ErasureRemembered.type], after, limit: PAGE });
    for (const { data } of page) unknown.delete(personOf(data));
    if (page.length < PAGE) return unknown;
    after = page.at(-1)!.position;
  }
}

const personOf = (data: string) => (JSON.parse(data) as { personId: string }).personId;

/** @returns how many there were */
async function destroyed(keyStore: KeyStore, owners: readonly KeyOwner[]): Promise<number> {
  if (owners.length === 0) return 0;
  const keys = await keyStore.find(owners);
  for (const owner of owners) await keyStore.destroy(owner);
  return keys.filter(Boolean).length;
}
