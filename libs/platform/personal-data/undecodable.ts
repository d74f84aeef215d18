import type { Fact } from '@parley/kernel/event.js';
import type { StoredFact } from '../event-store/event-store.js';

export type UndecodableCode = 'unknown-type' | 'newer-version' | 'invalid' | 'broken-seal';

/** A stored fact that we cannot read, and why. Who needs it must stop before it: it is never passed over as if it were not there. */
export class Undecodable {
  constructor(
    readonly stored: StoredFact,
    /** `unknown-type`: the definitions do not name it; who does not need it may go on. */
    readonly code: UndecodableCode,
    /** For people. Never holds data of the fact. */
    readonly reason: string,
  ) {}
}

/** A fact that must be readable where it stands is not. */
export class UnreadableFact extends Error {
  constructor({ stored, reason }: Undecodable) {
    super(`${stored.stream}@${stored.revision} (${stored.type}): ${reason}`);
    this.name = 'UnreadableFact';
  }
}

/** @throws UnreadableFact at the first that could not be read */
export const readable = (facts: readonly (Fact | Undecodable)[]): readonly Fact[] =>
  facts.map((fact) => {
    if (fact instanceof Undecodable) throw new UnreadableFact(fact);
    return fact;
  });
