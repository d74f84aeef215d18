import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Visitor } from '../running/visitor.js';
import { svgOf } from './chart.js';
import { type Figure, Samples } from './samples.js';
import { startStandaloneSystem, startSystemInParts, type System } from './system.js';
import { type Allowed, type Trend, trendOf } from './trend.js';

const USAGE = `npm run soak -- [--minutes 30] [--visitors 24] [--standalone] [--out docs/soak]
  half of the load that the system takes, for so long; memory, handles and open files of each process every ten seconds, its heap after a full collection every minute.
  Writes <out>.json and <out>.svg. Exit code 1 when a process ended, a rejection was not handled, a command failed, or, in ten minutes or more, something grows.`;

/** In less time than this what grows may still be caches that fill. */
const TREND_MINUTES = 10;

/** Values that tell a trend at all. */
const FEWEST = 6;

/** How long is looked at how much the system takes. */
const FULL_MS = 20_000;
const MODELS = ['sim-1-tokens-30-first-ms-20-ms-5'];

/** What growth is no growth: of memory what a cache may still take in, of handles what an idle connection is. */
const ALLOWED: Readonly<Record<Figure, Allowed>> = {
  residentMiB: { share: 0.1, least: 32 },
  heapMiB: { share: 0.05, least: 5 },
  handles: { share: 0.1, least: 10 },
  openFiles: { share: 0.1, least: 10 },
};

/** What Node says of a rejection that nobody handled, and of listeners that pile up. */
const TROUBLE = /UnhandledPromiseRejection|triggerUncaughtException|unhandled rejection|MaxListenersExceededWarning|PromiseRejectionHandledWarning/i;

const { values: options } = parseArgs({
  options: { minutes: { type: 'string', default: '30' }, visitors: { type: 'string', default: '24' }, every: { type: 'string', default: '10' }, standalone: { type: 'boolean', default: false }, out: { type: 'string', default: 'docs/soak' }, help: { type: 'boolean', default: false } },
});
const [minutes, count, everyS] = [Number(options.minutes), Number(options.visitors), Number(options.every)];
if (options.help || ![minutes, count, everyS].every((value) => value > 0)) {
  console.error(USAGE);
  process.exit(options.help ? 0 : 1);
}

const system = options.standalone ? await startStandaloneSystem() : await startSystemInParts(mkdtempSync(join(tmpdir(), 'parley-soak-')));
let interrupted = false;
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => (interrupted = true));
try {
  const report = await soak(system);
  mkdirSync(dirname(options.out), { recursive: true });
  writeFileSync(`${options.out}.json`, `${JSON.stringify(report)}\n`);
  writeFileSync(`${options.out}.svg`, pictureOf(report));
  for (const fault of report.faults) console.log(`FAILED: ${fault}`);
  console.log(`${report.minutes} minutes, ${report.messagesPerSecond} messages/s of ${report.fullMessagesPerSecond} at full load, ${report.visitors.replies} replies; ${options.out}.json, ${options.out}.svg: ${report.faults.length === 0 ? 'flat' : `${report.faults.length} faults`}`);
  process.exitCode = report.faults.length === 0 ? 0 : 1;
} finally {
  await system.stop();
}
process.exit();

async function soak(on: System) {
  let lost: string | undefined;
  void on.lost.then((name) => (lost = name));
  const visiting = { models: MODELS, pauseMs: 0, isPatient: true, tries: 3 };
  const visitors = await Promise.all(Array.from({ length: count }, (_, n) => Visitor.register(n % 2 ? on.doors : on.doors.toReversed(), `s${n}`, visiting)));
  const enough = new AbortController();
  const using = Promise.all(visitors.map((visitor) => visitor.use(enough.signal)));
  const replies = () => visitors.reduce((sum, { seen }) => sum + seen.replies, 0);

  await delay(FULL_MS / 2); // connections open, code is compiled
  const before = replies();
  await delay(FULL_MS / 2);
  const full = (replies() - before) / (FULL_MS / 2_000);
  visiting.pauseMs = count / full; // in seconds what each takes at full load: as long again between two
  visiting.pauseMs *= 1_000;
  console.log(`full load: ${full.toFixed(1)} messages/s with ${count} visitors; half of it for ${minutes} minutes`);

  const samples = new Samples();
  const begun = replies();
  while (samples.seconds < minutes * 60 && lost === undefined && !interrupted) {
    await samples.take(on.processes).catch((error: unknown) => console.error(`a sample is missing: ${(error as Error).message}`));
    await delay(everyS * 1_000);
  }
  const ran = samples.seconds;
  const done = replies() - begun;
  enough.abort();
  await using;

  const trends = trendsOf(samples);
  const said = [...on.outputs()].flatMap(([name, text]) => text.split('\n').filter((line) => TROUBLE.test(line)).map((line) => `${name}: ${line.slice(0, 300)}`));
  const complaints = visitors.flatMap((visitor) => visitor.complaints);
  const faults = [
    ...(lost === undefined ? [] : [`${lost} ended: ${on.outputs().get(lost)!.slice(-600)}`]),
    ...said,
    ...trends.filter(({ isGrowing }) => isGrowing && minutes >= TREND_MINUTES).map(({ name, figure, from, to }) => `${figure} of ${name} grows: from ${from} to ${to}`),
    ...complaints,
  ];
  const seen = Object.fromEntries(Object.keys(visitors[0]!.seen).map((what) => [what, visitors.reduce((sum, each) => sum + each.seen[what as keyof Visitor['seen']], 0)]));
  const latencies = visitors.flatMap((visitor) => visitor.latencies).sort((a, b) => a - b);
  const at = (share: number) => Math.round(latencies[Math.floor(latencies.length * share)] ?? 0);
  return {
    at: new Date().toISOString(), minutes: Math.round(ran / 6) / 10, cores: cpus().length, node: process.versions.node, topology: options.standalone ? 'standalone' : 'parts',
    fullMessagesPerSecond: Math.round(full * 10) / 10, messagesPerSecond: Math.round((done / ran) * 10) / 10,
    commandMs: { p50: at(0.5), p99: at(0.99) }, visitors: seen as Visitor['seen'], faults, trends, samples: Object.fromEntries(samples.of),
  };
}

function trendsOf(samples: Samples): (Trend & { readonly name: string; readonly figure: Figure })[] {
  const figures = Object.keys(ALLOWED) as Figure[];
  return [...samples.of].flatMap(([name, series]) => figures.filter((figure) => series[figure].length >= FEWEST).map((figure) => ({ name, figure, ...trendOf(series[figure], ALLOWED[figure]) })));
}

function pictureOf({ at, minutes: ran, topology, messagesPerSecond, samples }: Awaited<ReturnType<typeof soak>>): string {
  const lines = (figure: Figure) => Object.entries(samples).filter(([, series]) => series[figure].length > 0).map(([name, series]) => ({ name, series: series[figure] }));
  return svgOf(`Parley (${topology}), ${ran} minutes at half load, ${messagesPerSecond} messages/s, ${at.slice(0, 10)}`, [
    { title: 'Resident memory', unit: 'MiB', lines: lines('residentMiB') },
    { title: 'JavaScript heap after a full collection', unit: 'MiB', lines: lines('heapMiB') },
    { title: 'Handles', unit: 'count', lines: lines('handles') },
    { title: 'Open files and sockets', unit: 'count', lines: lines('openFiles') },
  ]);
}
