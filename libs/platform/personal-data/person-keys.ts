import { createSecretKey, type KeyObject } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { type KeyOwner, KeyStore } from '../key-store/key-store.js';

/** How long a key is remembered. A key that another process destroyed works here for no longer than this. */
const REMEMBERED_MS = 4_000;

/** How many keys are remembered. */
const CACHED_KEYS = 10_000;

/** The keys of the people who are active, ready for use: one lookup for a batch of facts, and mostly none. */
@Injectable()
export class PersonKeys {
  private readonly known: LRUCache<string, KeyObject>;
  /** Those who ask for the same new key at once share one lookup. */
  private readonly asked = new Map<string, Promise<KeyObject>>();

  constructor(private readonly store: KeyStore) {
    this.known = new LRUCache({ max: CACHED_KEYS, ttl: REMEMBERED_MS, ttlResolution: 0 });
  }

  /** The person's key, made when there is none. @throws KeyDestroyed when the person was erased */
  async obtain(owner: KeyOwner): Promise<KeyObject> {
    const name = nameOf(owner);
    return this.known.get(name) ?? this.asked.get(name) ?? this.ask(name, owner);
  }

  /** The keys that exist, by `nameOf` their owner. */
  async find(owners: Iterable<KeyOwner>): Promise<ReadonlyMap<string, KeyObject>> {
    const found = new Map<string, KeyObject>();
    const missing = new Map<string, KeyOwner>();
    for (const owner of owners) {
      const name = nameOf(owner);
      const key = this.known.get(name);
      if (key) found.set(name, key);
      else missing.set(name, owner);
    }
    if (missing.size === 0) return found;

    const start = performance.now();
    const keys = await this.store.find([...missing.values()]);
    [...missing.keys()].forEach((name, index) => {
      const bytes = keys[index];
      if (bytes) found.set(name, this.remember(name, bytes, start));
    });
    return found;
  }

  /** Erases the person, for good, and here at once. */
  async destroy(owner: KeyOwner): Promise<void> {
    await this.store.destroy(owner);
    this.known.delete(nameOf(owner));
  }

  /** Another process destroyed the key: it works here no longer, either. */
  forget(owner: KeyOwner): void {
    this.known.delete(nameOf(owner));
  }

  private async ask(name: string, owner: KeyOwner): Promise<KeyObject> {
    const start = performance.now();
    const asked = this.store.obtain(owner).then((bytes) => this.remember(name, bytes, start));
    this.asked.set(name, asked);
    try {
      return await asked;
    } finally {
      this.asked.delete(name);
    }
  }

  /** @param start when we asked: the answer may have been on its way while the key was destroyed */
  private remember(name: string, bytes: Buffer, start: number): KeyObject {
    const key = createSecretKey(bytes);
    this.known.set(name, key, { start });
    return key;
  }
}

/** An owner as text. */
export const nameOf = ({ tenantId, subjectId }: KeyOwner) => `${tenantId}/${subjectId}`;
