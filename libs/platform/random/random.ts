import { createHash, randomBytes } from 'node:crypto';
import { v7 } from 'uuid';

/** Chance, as a port: what a spec or a simulator must be able to repeat. */
export abstract class Random {
  abstract bytes(length: number): Buffer;

  /** A UUIDv7: new, and sorted by the time it was made. */
  abstract id(now: Date): string;
}

export class SystemRandom extends Random {
  bytes(length: number): Buffer {
    return randomBytes(length);
  }

  id(now: Date): string {
    return v7({ msecs: now.getTime() });
  }
}

/** The same sequence for the same seed. */
export class SeededRandom extends Random {
  private count = 0;

  constructor(private readonly seed: string | number) {
    super();
  }

  bytes(length: number): Buffer {
    const blocks = Array.from({ length: Math.ceil(length / 32) }, () => createHash('sha256').update(`${this.seed}/${this.count++}`).digest());
    return Buffer.concat(blocks).subarray(0, length);
  }

  id(now: Date): string {
    return v7({ msecs: now.getTime(), random: this.bytes(16) });
  }
}
