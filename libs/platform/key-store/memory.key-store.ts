import { type KeyOwner, KeyDestroyed, KeyStore } from './key-store.js';
import { type Random, SystemRandom } from '../random/random.js';

const KEY_BYTES = 32;

/** Keys in a map: for specs. Gone when the process ends, and with them all that they sealed. */
export class MemoryKeyStore extends KeyStore {
  private readonly keys = new Map<string, Buffer | 'destroyed'>();

  constructor(private readonly random: Random = new SystemRandom()) {
    super();
  }

  async obtain(owner: KeyOwner): Promise<Buffer> {
    const name = nameOf(owner);
    const key = this.keys.get(name) ?? this.random.bytes(KEY_BYTES);
    if (key === 'destroyed') throw new KeyDestroyed(owner);
    this.keys.set(name, key);
    return key;
  }

  async find(owners: readonly KeyOwner[]): Promise<readonly (Buffer | undefined)[]> {
    return owners.map((owner) => {
      const key = this.keys.get(nameOf(owner));
      return key === 'destroyed' ? undefined : key;
    });
  }

  async destroy(owner: KeyOwner): Promise<void> {
    this.keys.set(nameOf(owner), 'destroyed');
  }
}

const nameOf = ({ tenantId, subjectId }: KeyOwner) => `${tenantId}/${subjectId}`;
