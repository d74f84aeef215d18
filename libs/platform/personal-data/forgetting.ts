import { Injectable } from '@nestjs/common';
import type { KeyOwner } from '../key-store/key-store.js';
import { logger } from '../telemetry/logger.js';

/** A person who was erased, and where in the log that stands: nobody but the system says anything of them after it. */
export interface Erased extends KeyOwner {
  readonly position: bigint;
}

/** Lets go of what is remembered of a person. Called again when it throws. */
export type Forget = (erased: Erased) => void | Promise<void>;

const TRIES = 5;
const log = logger('personal-data');

/**
 * What this process remembers in the clear: whoever keeps something of a person in memory says here how to let go of it. A destroyed
 * key reaches no text that was opened before.
 */
@Injectable()
export class Forgetting {
  private readonly rememberers = new Map<string, Forget>();

  /** @throws Error when the name is taken */
  register(name: string, forget: Forget): void {
    if (this.rememberers.has(name)) throw new Error(`there are two that remember ${name}`);
    this.rememberers.set(name, forget);
  }

  /** Settles when nothing is remembered any more, or that could not be reached: the log of the process says so then. */
  async forget(erased: Erased): Promise<void> {
    await Promise.all([...this.rememberers].map(([name, forget]) => this.insist(name, forget, erased)));
  }

  private async insist(name: string, forget: Forget, erased: Erased): Promise<void> {
    for (let tried = 1; tried <= TRIES; tried++) {
      try {
        await forget(erased);
        return;
      } catch (error) {
        log.warn('person.not-forgotten', { what: name, tried, tenantId: erased.tenantId, error: error as Error });
      }
    }
    log.error('person.still-remembered', { what: name, tenantId: erased.tenantId });
  }
}
