import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { masterKey } from './parley.js';

/** Longest start. */
const START_MS = 60_000;

/** On SIGUSR2 the process collects its garbage, so that what stays can be seen. */
const COLLECT = 'data:text/javascript,process.on("SIGUSR2",()=>gc())';

/** A built program in a process of its own. */
interface Program {
  readonly pid: number;
  stop(): Promise<void>;
}

export interface Standalone extends Program {
  readonly url: string;
}

/** The provider simulator as a process of its own, which answers without any pause. */
export async function startSimulator(): Promise<Program & { readonly url: string }> {
  const port = await freePort();
  const env = { PARLEY_SIMULATOR_PORT: `${port}`, PARLEY_SIMULATOR_FIRST_TOKEN_MS: '0', PARLEY_SIMULATOR_TOKEN_MS: '0' };
  const program = run('dist/apps/provider-simulator/main.js', env);
  const url = `http://127.0.0.1:${port}`;
  await answers(`${url}/healthz`, program.child);
  return { ...program, url };
}

/** Parley in one process, on a database of the bench's. What it logs is thrown away, but logged it is. */
export async function startStandalone(databaseUrl: string, simulatorUrl: string): Promise<Standalone> {
  const [port, dataDir] = [await freePort(), mkdtempSync('/var/tmp/parley-bench-data-')];
  const env = {
    PARLEY_DATABASE_URL: databaseUrl,
    PARLEY_DATA_DIR: dataDir,
    PARLEY_MASTER_KEY: masterKey.toString('base64'),
    PARLEY_GATEWAY_PORT: `${port}`,
    PARLEY_SIMULATOR_URL: simulatorUrl,
    // A bench is one person who does what a thousand would.
    PARLEY_GATEWAY_SOCKET_MESSAGES_PER_SECOND_MAX: '10000',
  };
  const program = run('dist/apps/standalone/main.js', env, ['--expose-gc', '--import', COLLECT]);
  const url = `http://127.0.0.1:${port}`;
  await answers(`${url}/health/ready`, program.child);
  const stop = async () => {
    await program.stop();
    rmSync(dataDir, { recursive: true, force: true });
  };
  return { ...program, url, stop };
}

/** What a process holds in memory after its garbage is collected, MiB: by Linux's count, or undefined elsewhere. */
export async function residentMiB({ pid }: Program): Promise<number | undefined> {
  for (let times = 0; times < 3; times++) {
    process.kill(pid, 'SIGUSR2');
    await new Promise((resolve) => setTimeout(resolve, 700));
  }
  if (process.platform !== 'linux') return undefined;
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1_024;
}

function run(main: string, env: Readonly<Record<string, string>>, flags: readonly string[] = []): Program & { readonly child: ChildProcess } {
  const child = spawn(process.execPath, [...flags, '--enable-source-maps', join(process.cwd(), main)], { env: { PATH: process.env['PATH'], ...env }, stdio: ['ignore', 'ignore', 'inherit'] });
  const exited = once(child, 'exit');
  const end = () => child.kill('SIGKILL');
  process.once('exit', end);
  const stop = async () => {
    child.kill('SIGTERM');
    await exited;
    process.off('exit', end);
  };
  return { pid: child.pid!, child, stop };
}

async function answers(url: string, child: ChildProcess): Promise<void> {
  for (const until = Date.now() + START_MS; ; await new Promise((resolve) => setTimeout(resolve, 50))) {
    if ((await fetch(url).catch(() => undefined))?.ok) return;
    if (child.exitCode !== null || Date.now() > until) throw new Error(`nothing answers at ${url}: is it built (npm run build)?`);
  }
}

export function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => resolve(port));
    });
  });
}
