import { SystemClock } from '@parley/platform/clock/clock.js';
import type { CommandSender } from '@parley/platform/cqrs/command-sender.js';
import { SystemRandom } from '@parley/platform/random/random.js';
import { RetentionWorks } from '@parley/platform/retention/retention-works.js';
import { RetentionTable } from '../write/retention-table.js';
import { RetentionRunner } from './retention-runner.js';

/** How often a process looked for a rule that is due, told to do so every so often. */
async function looks(everyMs: string): Promise<number> {
  process.env['PARLEY_RETENTION_EVERY_MS'] = everyMs;
  try {
    let count = 0;
    const table = Object.assign(Object.create(RetentionTable.prototype) as RetentionTable, { take: async () => void count++ });
    const runner = new RetentionRunner(table, new RetentionWorks(), {} as CommandSender, new SystemClock(), new SystemRandom());
    runner.onApplicationBootstrap();
    await new Promise((resolve) => setTimeout(resolve, 150));
    await runner.beforeApplicationShutdown();
    return count;
  } finally {
    delete process.env['PARLEY_RETENTION_EVERY_MS'];
  }
}

describe('a process that goes by the rules of retention', () => {
  it('looks for rules that are due', async () => expect(await looks('100')).toBeGreaterThan(0));
  it('goes by none where it is told 0', async () => expect(await looks('0')).toBe(0));
  it.each(['1', '-1', 'never'])('does not start where it is told %s', async (everyMs) => expect(looks(everyMs)).rejects.toThrow('PARLEY_RETENTION_EVERY_MS'));
});
