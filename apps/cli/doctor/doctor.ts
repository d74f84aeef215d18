import { rootLogger } from '@parley/platform/telemetry/logger.js';
import { lookAtDatabase } from './database.js';
import { lookAtErased } from './erased.js';
import { lookAtDisk, lookAtSecrets, lookAtVariables } from './machine.js';
import { lookAtProviders } from './providers.js';
import { type Finding, Report } from './report.js';
import { lookAtServer } from './running.js';
import { lookAtCommandSide, lookAtEventLog, lookAtEventStore, lookAtLiveChunks } from './wires.js';

export interface DoctorOptions {
  readonly json?: boolean;
}

/** Looks at all that the environment names, and says what is wrong. Exit code 1: something is. */
export async function doctor({ json }: DoctorOptions): Promise<void> {
  rootLogger.level = 'silent'; // stdout is for what was found
  const report = await examine();
  if (json) console.log(JSON.stringify({ status: report.worst, findings: report.findings }));
  else for (const finding of report.findings) console.log(line(finding));
  if (report.worst === 'wrong') process.exitCode = 1;
}

export async function examine(): Promise<Report> {
  const report = new Report();
  const stops: (() => Promise<unknown>)[] = [];
  try {
    await report.on('variables', () => lookAtVariables(report));
    await report.on('secrets', async () => lookAtSecrets(report));
    await report.on('data folder', async () => lookAtDisk(report));
    const found = await report.on('database', () => lookAtDatabase(report, stops));
    if (found) await report.on('event store', () => lookAtEventStore(report, found, stops));
    if (found) await report.on('erasure', () => lookAtErased(report, found.databases));
    await report.on('event log', () => lookAtEventLog(report));
    await report.on('live chunks', () => lookAtLiveChunks(report));
    await report.on('command side', () => lookAtCommandSide(report));
    await report.on('providers', () => lookAtProviders(report));
    await report.on('server', () => lookAtServer(report));
    return report;
  } finally {
    for (const stop of stops.reverse()) await stop().catch(() => undefined); // what was lost is closed
  }
}

const MARKS = { ok: 'ok     ', warning: 'warning', wrong: 'WRONG  ' } as const;

const line = ({ about, verdict, says, todo }: Finding) => `${MARKS[verdict]}  ${about.padEnd(12)}  ${says}${todo ? `\n${' '.repeat(23)}${todo}` : ''}`;
