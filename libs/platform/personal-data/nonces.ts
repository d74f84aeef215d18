import type { Random } from '../random/random.js';

const NONCE_BYTES = 12;
const BLOCK = NONCE_BYTES * 512;

/** Random nonces, drawn a block at a time: asking the system for each would take longer than to seal. */
export class Nonces {
  private block: Buffer = Buffer.alloc(0);

  constructor(private readonly random: Random) {}

  next(): Buffer {
    if (this.block.length === 0) this.block = this.random.bytes(BLOCK);
    const nonce = this.block.subarray(0, NONCE_BYTES);
    this.block = this.block.subarray(NONCE_BYTES);
    return nonce;
  }
}
