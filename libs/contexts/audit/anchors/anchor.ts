import type { SignedHead } from '#parley-verify';

/** A place outside the store where signed heads are kept: whoever can change the store cannot change what it will be compared with. */
export abstract class Anchor {
  /** For the log, e.g. `file`. */
  abstract readonly name: string;

  /**
   * Keeps the heads for good before it answers. A head may come twice, the same.
   *
   * @throws Error when they may not be kept: they come again
   */
  abstract publish(heads: readonly SignedHead[]): Promise<void>;
}

/** Every place that is configured. */
export class Anchors {
  constructor(readonly all: readonly Anchor[]) {}
}
