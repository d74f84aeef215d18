import { jest } from '@jest/globals';
import { setTimeout as delay } from 'node:timers/promises';
import { KeyDestroyed, type KeyOwner } from '../key-store/key-store.js';
import { MemoryKeyStore } from '../key-store/memory.key-store.js';
import { nameOf, PersonKeys } from './person-keys.js';

const owner = (): KeyOwner => ({ tenantId: crypto.randomUUID(), subjectId: crypto.randomUUID() });

let store: MemoryKeyStore;
let keys: PersonKeys;
beforeEach(() => {
  store = new MemoryKeyStore();
  keys = new PersonKeys(store);
});

describe("people's keys", () => {
  it('are looked up once, however many want one at a time', async () => {
    const obtain = jest.spyOn(store, 'obtain');
    const [person, other] = [owner(), owner()];
    await Promise.all([keys.obtain(person), keys.obtain(person), keys.obtain(other)]);
    await keys.obtain(person);
    expect(obtain).toHaveBeenCalledTimes(2);
  });

  it('are looked up all together for a batch, each person once', async () => {
    const [known, fresh, missing] = [owner(), owner(), owner()];
    await keys.obtain(known);
    await store.obtain(fresh);
    const find = jest.spyOn(store, 'find');
    const found = await keys.find([known, fresh, missing, fresh, known]);
    expect([known, fresh, missing].map((each) => found.has(nameOf(each)))).toEqual([true, true, false]);
    expect(find.mock.calls).toEqual([[[fresh, missing]]]);
  });

  it('stop working at once where they are destroyed', async () => {
    const person = owner();
    await keys.obtain(person);
    await keys.destroy(person);
    expect((await keys.find([person])).size).toBe(0);
    await expect(keys.obtain(person)).rejects.toThrow(KeyDestroyed);
  });

  it('stop working within 5 seconds where another process destroyed them', async () => {
    const person = owner();
    await keys.obtain(person);
    await store.destroy(person);
    await delay(2_500);
    await keys.find([person]); // using a key does not make it last longer
    await delay(2_400);
    expect((await keys.find([person])).size).toBe(0);
  });
});
