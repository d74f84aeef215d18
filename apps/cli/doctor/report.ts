import { InvalidConfig } from '@parley/platform/config/config.js';
import { EventStoreUnusable, StoreReplaced } from '@parley/platform/event-store/event-store.js';
import { DatabaseUnusable } from '@parley/platform/postgres/databases.js';
import { EmbeddedPostgresError } from '@parley/platform/postgres/embedded-errors.js';
import { CliError } from '../cli-error.js';

/** `warning`: it works, and a person should know. */
export type Verdict = 'ok' | 'warning' | 'wrong';

/** One thing that was looked at. */
export interface Finding {
  readonly about: string;
  readonly verdict: Verdict;
  /** A sentence, without anything secret. */
  readonly says: string;
  /** What to do about it. */
  readonly todo?: string;
}

/** Longest time for one thing to be looked at. */
const PATIENCE_MS = 20_000;

/** What was found, in the order in which it was looked for. */
export class Report {
  readonly findings: Finding[] = [];

  ok(about: string, says: string): void {
    this.findings.push({ about, verdict: 'ok', says });
  }

  warning(about: string, says: string, todo?: string): void {
    this.findings.push({ about, verdict: 'warning', says, ...(todo && { todo }) });
  }

  wrong(about: string, says: string, todo?: string): void {
    this.findings.push({ about, verdict: 'wrong', says, ...(todo && { todo }) });
  }

  /** Looks at one thing. That it cannot be looked at is wrong too, and keeps nobody from the next. */
  async on<Result>(about: string, look: () => Promise<Result>): Promise<Result | undefined> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new CliError(`Nothing was heard for ${PATIENCE_MS / 1_000} seconds.`)), PATIENCE_MS);
    });
    try {
      return await Promise.race([look(), late]);
    } catch (error) {
      this.wrong(about, ...explained(error));
      return undefined;
    } finally {
      clearTimeout(timer);
    }
  }

  get worst(): Verdict {
    const verdicts = this.findings.map(({ verdict }) => verdict);
    return verdicts.includes('wrong') ? 'wrong' : verdicts.includes('warning') ? 'warning' : 'ok';
  }
}

function explained(error: unknown): [says: string, todo?: string] {
  if (error instanceof CliError) return error.hint === undefined ? [error.message] : [error.message, error.hint];
  if (error instanceof InvalidConfig) return [`The configuration is not valid: ${error.message}.`];
  if (error instanceof DatabaseUnusable || error instanceof EmbeddedPostgresError || error instanceof EventStoreUnusable || error instanceof StoreReplaced) return [error.message];
  return [`It failed: ${(error as NodeJS.ErrnoException).code ?? (error as Error).message}.`];
}

/** A skew below this is taken for the time that asking took. */
const SKEW_MS = 2_000;

/**
 * Whether another clock is as ours.
 *
 * @param theirs  what it said
 * @param between our own time before we asked, and after
 * @param coarse  its resolution
 */
export function compareClocks(report: Report, whose: string, theirs: number, between: readonly [number, number], coarse = 1): void {
  const [before, after] = between;
  const skewMs = theirs > after ? theirs - after : theirs + coarse < before ? theirs + coarse - before : 0;
  if (Math.abs(skewMs) <= SKEW_MS) return;
  const seconds = Math.round(Math.abs(skewMs) / 100) / 10;
  report.wrong('clocks', `The clock of ${whose} is ${seconds} s ${skewMs > 0 ? 'ahead of' : 'behind'} the one here.`, 'Have both keep time by NTP: tokens and leases would end too early or too late.');
}
