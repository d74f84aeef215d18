import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { ConformanceServer } from '../conformance/eventstore/start-server.js';
import { embeddedDatabase } from './embedded.js';
import { freePort } from './free-port.js';
import { type Counts, environmentInParts, type ParleyInParts, startSplit } from './split.js';

export { freePort } from './free-port.js';

const MAIN = join(process.cwd(), 'dist/apps/standalone/main.js');
const CLI = join(process.cwd(), 'dist/apps/cli/main.js');

/** Longest start, on a machine that does other things too. */
const START_MS = 60_000;

export interface ParleyOptions {
  /** Kept from an earlier run; a new one without. */
  readonly dataDir?: string;
  readonly port?: number;
  readonly env?: Readonly<Record<string, string>>;
  /** The log was set back since the last start: in parts another topic is named then, as an operator does. */
  readonly isSetBack?: boolean;
}

/** The built program, running in a process of its own with a database of its own. */
export interface Parley {
  readonly url: string;
  readonly port: number;
  readonly dataDir: string;
  /** Of its database, as owner. */
  readonly databaseUrl: string;
  readonly pid: number;
  /** What it printed so far. */
  readonly output: () => string;
  /** Settles with its exit code; null when a signal ended it. */
  readonly exited: Promise<number | null>;
  kill(signal: NodeJS.Signals): Promise<void>;
  /** Ctrl-C, and the wait for its end. */
  stop(): Promise<number | null>;
}

/**
 * Starts the program and waits until it is ready: in one process, or in parts where a spec asked for that (`topology`).
 *
 * @throws Error with its output when it ends before
 */
export async function startParley({ dataDir = newDataDir(), port, env = {}, isSetBack = false }: ParleyOptions = {}): Promise<Parley> {
  const at = port ?? (await freePort());
  if (topology.inParts) return startInParts({ dataDir, port: at, env, isSetBack });
  const { child, output } = await launch(dataDir, at, env);
  const exited = once(child, 'exit').then(([code]) => code as number | null);
  await ready(child, output);
  const kill = async (signal: NodeJS.Signals) => {
    child.kill(signal);
    await exited;
  };
  const stop = async () => {
    await kill('SIGINT');
    return exited;
  };
  const databaseUrl = env['PARLEY_DATABASE_URL'] ?? embeddedDatabase(dataDir).url;
  return { url: `http://127.0.0.1:${at}`, port: at, dataDir, databaseUrl, pid: child.pid!, output, exited, kill, stop };
}

/** How `startParley` runs it, for the whole of a spec file; PARLEY_JOURNEYS_IN_PARTS=1 has all of them run in parts. */
export const topology = { inParts: process.env['PARLEY_JOURNEYS_IN_PARTS'] === '1' };

/** Starts it in parts, whatever `topology` says. @param counts how many of each, where it is not as usual */
export async function startInParts({ dataDir = newDataDir(), port, env = {}, isSetBack = false, counts = {} }: ParleyOptions & { readonly counts?: Partial<Counts> } = {}): Promise<ParleyInParts> {
  return startSplit({ dataDir, port: port ?? (await freePort()), env, isSetBack, counts }, freePort);
}

/** Starts the program where it cannot run. @returns its exit code and what it said */
export async function failToStart({ dataDir = newDataDir(), port, env = {} }: ParleyOptions): Promise<{ code: number | null; output: string }> {
  const { child, output } = await launch(dataDir, port ?? (await freePort()), env);
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, output: output() };
}

/** Runs `parley …` beside a running server, found by the same variables. @param env what it is told beside them */
export async function parley(server: Pick<Parley, 'port' | 'dataDir'>, args: readonly string[], input?: string, env: Readonly<Record<string, string>> = {}): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [CLI, ...args], { env: { ...(await environment(server.dataDir, server.port)), ...environmentInParts(server.dataDir), ...env }, stdio: ['pipe', 'pipe', 'pipe'] });
  const [stdout, stderr] = [collect(child.stdout), collect(child.stderr)];
  child.stdin.end(input ?? '');
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout: stdout(), stderr: stderr() };
}

const made = new Set<string>();

export function newDataDir(): string {
  const folder = `/var/tmp/parley-journey-${process.pid}-${crypto.randomUUID().slice(0, 8)}`;
  made.add(folder);
  return folder;
}

/** Removes the data folders made here; call it in `afterAll`, when the programs have ended. */
export const discardDataDirs = () => {
  for (const server of eventStores.values()) void server.then((started) => started.close());
  for (const folder of made) for (const each of [folder, `${folder}-config`, `${folder}-eventstore.jsonl`]) rmSync(each, { recursive: true, force: true });
};

async function launch(dataDir: string, port: number, env: Readonly<Record<string, string>>) {
  if (!existsSync(MAIN)) throw new Error('there is no build: run npm run build');
  const child = spawn(process.execPath, ['--enable-source-maps', MAIN], { env: { ...(await environment(dataDir, port)), ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  const [stdout, stderr] = [collect(child.stdout), collect(child.stderr)];
  return { child, output: () => stdout() + stderr() };
}

/**
 * Nothing of ours is inherited: keys of a developer's shell must not reach a journey. What carries facts and chunks can be chosen:
 * PARLEY_JOURNEY_EVENT_LOG_URL=kafka://… gives each data folder a topic of its own there, PARLEY_JOURNEY_LIVE_URL=redis://… is taken as it is,
 * PARLEY_JOURNEY_EVENT_STORE_URL=esdb: gives each data folder a conformance server of its own, esdb://… is taken as it is.
 */
const environment = async (dataDir: string, port: number) => ({
  PATH: process.env['PATH'],
  HOME: dataDir,
  XDG_CONFIG_HOME: `${dataDir}-config`,
  PARLEY_DATA_DIR: dataDir,
  PARLEY_GATEWAY_PORT: `${port}`,
  ...(process.env['PARLEY_JOURNEY_EVENT_LOG_URL'] && { PARLEY_EVENT_LOG_URL: `${process.env['PARLEY_JOURNEY_EVENT_LOG_URL']}/${basename(dataDir)}` }),
  ...(process.env['PARLEY_JOURNEY_EVENT_STORE_URL'] && { PARLEY_EVENT_STORE_URL: await eventStoreUrl(process.env['PARLEY_JOURNEY_EVENT_STORE_URL'], dataDir) }),
  ...(process.env['PARLEY_JOURNEY_LIVE_URL'] && { PARLEY_LIVE_URL: process.env['PARLEY_JOURNEY_LIVE_URL'] }),
});

const eventStores = new Map<string, Promise<ConformanceServer>>();

async function eventStoreUrl(url: string, dataDir: string): Promise<string> {
  if (url !== 'esdb:') return url;
  const server = eventStores.get(dataDir) ?? conformanceServer(`${dataDir}-eventstore.jsonl`);
  eventStores.set(dataDir, server);
  return (await server).url;
}

/** Loaded where it is asked for: what runs Parley outside of jest has no use for it. */
async function conformanceServer(file: string): Promise<ConformanceServer> {
  const { startConformanceServer } = await import('../conformance/eventstore/start-server.js');
  return startConformanceServer({ file });
}

function collect(stream: NodeJS.ReadableStream): () => string {
  let text = '';
  stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
  return () => text;
}

async function ready(child: ChildProcess, output: () => string): Promise<void> {
  for (const until = Date.now() + START_MS; !output().includes('Parley is ready'); ) {
    if (child.exitCode !== null || child.signalCode !== null || Date.now() > until) {
      child.kill('SIGKILL');
      throw new Error(`Parley did not start:\n${output()}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
