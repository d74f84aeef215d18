/** Whose key: a person within a tenant. */
export interface KeyOwner {
  readonly tenantId: string;
  readonly subjectId: string;
}

/**
 * Each person's data key (32 bytes), wrapped by the master key where it is kept. Destroying it is how a person is erased: what it
 * sealed can never be read again, anywhere.
 */
export abstract class KeyStore {
  /** The person's key; made on the first call. Two that ask at once get the same. @throws KeyDestroyed after `destroy` */
  abstract obtain(owner: KeyOwner): Promise<Buffer>;

  /** The keys that exist, in the order asked; undefined where there is none or it was destroyed. */
  abstract find(owners: readonly KeyOwner[]): Promise<readonly (Buffer | undefined)[]>;

  /** For good. A second call changes nothing. */
  abstract destroy(owner: KeyOwner): Promise<void>;
}

/** The person was erased: nothing new can be said in their name. */
export class KeyDestroyed extends Error {
  constructor(readonly owner: KeyOwner) {
    super('this person was erased');
  }
}
