import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { FAULTS, hands, PAIR } from './faults/faults.js';
import { type Outcome, runOnce } from './run.js';
import { Draw } from './world/draw.js';
import { type Servers, startServers } from './world/servers.js';

const USAGE = `usage: npm run chaos -- [--runs N] [--from N] [--seed S] [--faults K1,K8,…] [--each N] [--folder F]
  --runs    how many runs (1)
  --from    the number of the first (1): a long row of runs may be had in pieces
  --seed    decides what people do and what breaks (drawn by chance, and shown)
  --faults  each run has all of these; ${PAIR} lets two of them begin at once (without: each run is dealt some of all there are)
  --each    how many faults each run is dealt (3)
  --folder  where a run that failed leaves what it has to tell (a new one in ${tmpdir()})
See docs/chaos.md.`;


async function main(): Promise<number> {
  const options = read();
  mkdirSync(options.folder, { recursive: true, mode: 0o755 });
  const servers = await startServers(options.folder);
  const stop = () => void servers.close().finally(() => process.exit(130));
  process.once('SIGINT', stop).once('SIGTERM', stop);
  try {
    const outcomes = await runAll(servers, options);
    sum(outcomes);
    return outcomes.every(({ violations }) => violations.length === 0) ? 0 : 1;
  } finally {
    await servers.close();
    if (readdirSync(options.folder).length === 0) rmSync(options.folder, { recursive: true }); // nothing was kept
  }
}

interface Options {
  readonly runs: number;
  readonly from: number;
  readonly seed: string;
  readonly faults: readonly string[] | undefined;
  readonly each: number;
  readonly folder: string;
}

/** @throws TypeError with a sentence */
function read(): Options {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({ options: { runs: text, from: text, seed: text, faults: text, each: text, folder: text } });
  const whole = (name: 'runs' | 'from' | 'each', instead: number) => {
    const value = Number(values[name] ?? instead);
    if (!Number.isInteger(value) || value < 1) throw new TypeError(`--${name} is not a whole number from 1`);
    return value;
  };
  const faults = values.faults?.split(',');
  const unknown = faults?.find((id) => id !== PAIR && !FAULTS.some((fault) => fault.id === id));
  if (unknown !== undefined) throw new TypeError(`there is no fault ${unknown}; there are ${FAULTS.map(({ id }) => id).join(', ')} and ${PAIR}`);
  return { runs: whole('runs', 1), from: whole('from', 1), each: whole('each', 3), faults, seed: values.seed ?? crypto.randomUUID().slice(0, 8), folder: values.folder ?? join(tmpdir(), `parley-chaos-${process.pid}`) };
}

async function runAll(servers: Servers, { runs, from, seed, faults, each, folder }: Options): Promise<Outcome[]> {
  const possible = FAULTS.filter(({ id, unable }) => {
    const why = unable?.(servers);
    if (why) console.log(`not brought about: ${id}, ${why}`);
    return !why;
  });
  const dealt = hands(new Draw(seed), possible.map(({ id }) => id), each);
  const outcomes: Outcome[] = [];
  for (let number = 1; number < from + runs; number++) {
    const hand = faults ?? dealt.next().value;
    if (number < from) continue;
    const outcome = await runOnce(servers, { seed: runs === 1 && from === 1 ? seed : `${seed}-${number}`, faults: hand, folder });
    outcomes.push(outcome);
    tell(outcome, number - from + 1, runs);
  }
  return outcomes;
}

function tell({ seed, faults, injected, operations, violations, folder, tookMs }: Outcome, number: number, runs: number): void {
  const came = faults.map((id) => (injected.includes(id) ? id : `(${id})`)).join(' ');
  console.log(`${number}/${runs}  seed ${seed}  ${came}  ${operations} operations  ${violations.length} violations  ${seconds(Object.values(tookMs).reduce((sum, ms) => sum + ms, 0))} (${Object.entries(tookMs).map(([stage, ms]) => `${stage} ${seconds(ms)}`).join(', ')})`);
  if (violations.length === 0) return;
  for (const { invariant, text } of violations.slice(0, 10)) console.log(`  ${invariant}: ${text}`);
  if (violations.length > 10) console.log(`  … and ${violations.length - 10} more`);
  console.log(`  kept in ${folder}; again: npm run chaos -- --seed ${seed} --faults ${faults.join(',')}`);
}

function sum(outcomes: readonly Outcome[]): void {
  const counts = Map.groupBy(outcomes.flatMap(({ injected }) => injected), (id) => id);
  const each = [...FAULTS.map(({ id }) => id), PAIR].map((id) => `${id} ${counts.get(id)?.length ?? 0}`);
  const operations = outcomes.reduce((total, outcome) => total + outcome.operations, 0);
  const failed = outcomes.filter(({ violations }) => violations.length > 0);
  console.log(`\n${outcomes.length} runs, ${operations} operations, ${failed.length} runs with violations\nfaults: ${each.join(', ')}`);
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}

const exitCode = await main().catch((error: unknown) => {
  console.error(error instanceof TypeError ? `${error.message}\n${USAGE}` : error);
  return 2;
});
// Everything was closed; what a library may have left open must not keep it alive.
process.exit(exitCode);
