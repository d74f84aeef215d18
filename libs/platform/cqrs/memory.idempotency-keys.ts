import { IDEMPOTENCY_KEY_LIFE_MS, IdempotencyKeys, type KeyUse } from './idempotency-keys.js';

/** Keys in a map: for specs. */
export class MemoryIdempotencyKeys extends IdempotencyKeys {
  private readonly bound = new Map<string, Pick<KeyUse, 'tenantId' | 'actorId' | 'fingerprint'> & { readonly expiresAt: number }>();

  async bind({ tenantId, commandId, actorId, fingerprint, now }: KeyUse): Promise<string> {
    const name = `${tenantId}/${commandId}`;
    const known = this.bound.get(name);
    if (known && known.expiresAt > now.getTime()) return known.fingerprint;
    this.bound.set(name, { tenantId, actorId, fingerprint, expiresAt: now.getTime() + IDEMPOTENCY_KEY_LIFE_MS });
    return fingerprint;
  }

  async forget({ tenantId, actorId }: Pick<KeyUse, 'tenantId' | 'actorId'>): Promise<void> {
    for (const [name, use] of this.bound) if (use.tenantId === tenantId && use.actorId === actorId) this.bound.delete(name);
  }

  async sweep(now: Date): Promise<number> {
    const over = [...this.bound].filter(([, { expiresAt }]) => expiresAt <= now.getTime());
    for (const [name] of over) this.bound.delete(name);
    return over.length;
  }
}
