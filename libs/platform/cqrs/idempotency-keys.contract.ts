import { IDEMPOTENCY_KEY_LIFE_MS, type IdempotencyKeys, type KeyUse } from './idempotency-keys.js';

/** What every store of clients' keys does. */
export function idempotencyKeysContract(name: string, open: () => Promise<IdempotencyKeys>): void {
  const now = new Date('2025-01-01T12:00:00.000Z');
  const use = (change: Partial<KeyUse> = {}): KeyUse => ({ tenantId: crypto.randomUUID(), commandId: 'key:a:b', actorId: 'a', fingerprint: 'lunch', now, ...change });
  const later = (ms: number) => new Date(now.getTime() + ms);

  describe(`idempotency keys ${name}`, () => {
    let keys: IdempotencyKeys;
    beforeAll(async () => {
      keys = await open();
    });

    it('stand for what they were first used for', async () => {
      const first = use();
      expect(await keys.bind(first)).toBe('lunch');
      expect(await keys.bind(first)).toBe('lunch');
      expect(await keys.bind({ ...first, fingerprint: 'dinner' })).toBe('lunch');
    });

    it('are their tenant’s own', async () => {
      await keys.bind(use());
      expect(await keys.bind(use({ fingerprint: 'dinner' }))).toBe('dinner');
    });

    it('stand for one request when two come at once', async () => {
      const first = use();
      const bound = await Promise.all(Array.from({ length: 20 }, (_, index) => keys.bind({ ...first, fingerprint: `meal ${index}` })));
      expect(new Set(bound).size).toBe(1);
    });

    it('are free again when their time is over', async () => {
      const first = use();
      await keys.bind(first);
      expect(await keys.bind({ ...first, fingerprint: 'dinner', now: later(IDEMPOTENCY_KEY_LIFE_MS - 1) })).toBe('lunch');
      expect(await keys.bind({ ...first, fingerprint: 'dinner', now: later(IDEMPOTENCY_KEY_LIFE_MS) })).toBe('dinner');
    });

    it('are forgotten with the one who brought them, and no others', async () => {
      const [mine, theirs] = [use(), use({ actorId: 'b' })];
      const another = { ...theirs, tenantId: mine.tenantId, commandId: 'key:b:b' };
      for (const each of [mine, theirs, another]) await keys.bind(each);
      await keys.forget({ tenantId: mine.tenantId, actorId: 'a' });
      expect(await keys.bind({ ...mine, fingerprint: 'dinner' })).toBe('dinner');
      expect(await keys.bind({ ...another, fingerprint: 'dinner' })).toBe('lunch');
      expect(await keys.bind({ ...theirs, fingerprint: 'dinner' })).toBe('lunch');
    });

    it('are forgotten when their time is over', async () => {
      await keys.sweep(later(10 * IDEMPOTENCY_KEY_LIFE_MS));
      await keys.bind(use());
      expect(await keys.sweep(later(IDEMPOTENCY_KEY_LIFE_MS - 1))).toBe(0);
      expect(await keys.sweep(later(IDEMPOTENCY_KEY_LIFE_MS))).toBe(1);
    });
  });
}
