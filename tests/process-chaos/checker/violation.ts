import type { Evidence } from './evidence.js';

/** Numbered as in the design: what must hold after every run. */
export type Invariant = 'I1' | 'I2' | 'I3' | 'I4' | 'I7' | 'I8' | 'I10';

/** Something that must not be. */
export interface Violation {
  readonly invariant: Invariant;
  /** What it is, with the ids by which it is found. */
  readonly text: string;
}

/** Looks for what one invariant forbids. @returns a sentence for each finding */
export type Check = (evidence: Evidence) => readonly string[] | Promise<readonly string[]>;
