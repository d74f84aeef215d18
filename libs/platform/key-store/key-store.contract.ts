import { KeyDestroyed, type KeyOwner, type KeyStore } from './key-store.js';

/** What every key store does. @param open a process on the same keys each time */
export function keyStoreContract(name: string, open: () => Promise<KeyStore>): void {
  const owner = (): KeyOwner => ({ tenantId: crypto.randomUUID(), subjectId: crypto.randomUUID() });

  describe(`key store ${name}`, () => {
    let store: KeyStore;
    let other: KeyStore;
    beforeAll(async () => {
      store = await open();
      other = await open();
    });

    it('makes a key of 32 bytes on the first call, and gives the same afterwards', async () => {
      const person = owner();
      const key = await store.obtain(person);
      expect(key).toHaveLength(32);
      expect(await other.obtain(person)).toEqual(key);
    });

    it('gives the same key to all who ask for a new one at once', async () => {
      const person = owner();
      const made = await Promise.all(Array.from({ length: 20 }, (_, index) => (index % 2 ? store : other).obtain(person)));
      expect(new Set(made.map((key) => key.toString('hex'))).size).toBe(1);
    });

    it('gives each person a key of their own, in each tenant', async () => {
      const person = owner();
      const made = [await store.obtain(person), await store.obtain({ ...person, tenantId: crypto.randomUUID() }), await store.obtain({ ...person, subjectId: crypto.randomUUID() })];
      expect(new Set(made.map((key) => key.toString('hex'))).size).toBe(3);
    });

    it('finds the keys that exist, in the order asked, and makes none', async () => {
      const [first, missing, second] = [owner(), owner(), owner()];
      const [firstKey, secondKey] = [await store.obtain(first), await store.obtain(second)];
      expect(await other.find([second, missing, first, second])).toEqual([secondKey, undefined, firstKey, secondKey]);
      expect(await other.find([missing])).toEqual([undefined]);
      expect(await other.find([])).toEqual([]);
    });

    it('finds nothing for an owner that nobody could have', async () => {
      expect(await store.find([{ tenantId: crypto.randomUUID(), subjectId: "not a uuid, ' or" }])).toEqual([undefined]);
    });

    it('destroys a key for good, and makes no other in its place', async () => {
      const person = owner();
      await store.obtain(person);
      await store.destroy(person);
      await store.destroy(person);
      expect(await other.find([person])).toEqual([undefined]);
      await expect(other.obtain(person)).rejects.toThrow(KeyDestroyed);
    });

    it('destroys the key of a person who has none yet', async () => {
      const person = owner();
      await store.destroy(person);
      await expect(other.obtain(person)).rejects.toThrow(KeyDestroyed);
    });
  });
}
