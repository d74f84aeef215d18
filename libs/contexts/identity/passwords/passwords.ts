import { randomBytes } from 'node:crypto';
import { defineError } from '@parley/kernel/domain-error.js';
import { hash, type Options, parseOptions, verify } from '@node-rs/argon2';
import { normalised } from './password-rules.js';

export class TooManySignIns extends defineError(
  'IDENTITY_TOO_MANY_SIGN_INS',
  'unavailable',
  'Too many people sign in at this moment.',
  'Try again after `details.retryAfterMs`.',
) {}

/** What one hash costs. At least 19,456 KiB and 2 passes (OWASP). */
export interface PasswordCost {
  readonly memoryKiB: number;
  readonly passes: number;
}

/** Argon2id; the package's enum exists for the compiler only. */
const ARGON2ID = 2;

/** Each takes a core and its memory: more at once would starve everything else of the process. */
const AT_ONCE = 2;

/** Some ten seconds' worth. Whoever comes after that would have given up. */
const WAITING_MAX = 400;

/**
 * Hashes and checks passwords by argon2id, at most two at once. A hash is a PHC string: it names its own cost, so that a raised cost
 * shows which ones are weaker.
 */
export class Passwords {
  private readonly options: Options;
  private readonly waiting: (() => void)[] = [];
  private running = 0;
  private readonly nobodys: Promise<string>;

  constructor(private readonly cost: PasswordCost) {
    this.options = { algorithm: ARGON2ID, memoryCost: cost.memoryKiB, timeCost: cost.passes, parallelism: 1 };
    this.nobodys = this.hash(randomBytes(32).toString('base64url'));
  }

  /** @returns a PHC string. @throws TooManySignIns */
  hash(password: string): Promise<string> {
    return this.inTurn(() => hash(normalised(password), this.options));
  }

  /**
   * Takes as long for a person whom nobody knows as for one whom we know.
   *
   * @param phc the stored hash; undefined when there is no such person: the answer is then false
   * @throws TooManySignIns
   */
  async verify(password: string, phc: string | undefined): Promise<boolean> {
    const against = phc ?? (await this.nobodys);
    const isRight = await this.inTurn(() => verify(against, normalised(password)));
    return isRight && phc !== undefined;
  }

  /** The hash was made at a lower cost than today's. */
  isOutdated(phc: string): boolean {
    const { algorithm, memoryCost, timeCost } = parseOptions(phc);
    return (algorithm as number) !== ARGON2ID || memoryCost < this.cost.memoryKiB || timeCost < this.cost.passes;
  }

  private async inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.waiting.length >= WAITING_MAX) throw new TooManySignIns({ retryAfterMs: 5_000 });
    if (this.running >= AT_ONCE) await new Promise<void>((resolve) => this.waiting.push(resolve));
    else this.running++;
    try {
      return await work();
    } finally {
      const next = this.waiting.shift();
      if (next) next(); // takes our place: `running` stays
      else this.running--;
    }
  }
}
