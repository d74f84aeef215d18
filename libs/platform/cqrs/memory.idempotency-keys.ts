import { IDEMPOTENCY_KEY_LIFE_MS, IdempotencyKeys, type KeyUse } from './idempotency-keys.js';

/** Keys in a map: for specs. */
export class MemoryIdempotencyKeys extends IdempotencyKeys {
  private readonly bound = new Map<string, { readonly fingerprint: string; readonly expiresAt: number }>();

  async bind({ tenantId, commandId, fingerprint, now }: KeyUse): Promise<string> {
    const name = `${tenantId}/${commandId}`;
    const known = this.bound.get(name);
    if (known && known.expiresAt > now.getTime()) return known.fingerprint;
    this.bound.set(name, { fingerprint, expiresAt: now.getTime() + IDEMPOTENCY_KEY_LIFE_MS });
    return fingerprint;
  }

  async sweep(now: Date): Promise<number> {
    const over = [...this.bound].filter(([, { expiresAt }]) => expiresAt <= now.getTime());
    for (const [name] of over) this.bound.delete(name);
    return over.length;
  }
}
