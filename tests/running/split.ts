import { type ChildProcess, spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { newDatabase } from '@parley/platform/testing/database.js';
import type { Parley, ParleyOptions } from './parley.js';

/** Longest start of all parts, on a machine that does other things too. */
const START_MS = 120_000;

/** How many of each run; the relay's leader is one of however many there are. */
const PARTS = { 'provider-simulator': 1, command: 1, relay: 1, projector: 2, runtime: 2 } as const;

/** What outlives the processes of one data folder: a second start finds it. */
interface Home {
  readonly databaseUrl: string;
  readonly topic: string;
}
const homes = new Map<string, Home>();

interface Part {
  readonly name: string;
  readonly child: ChildProcess;
  readonly output: () => string;
  readonly exited: Promise<number | null>;
}

/** Parley in parts: each app a process of its own, facts by Kafka, chunks by Redis, commands by gRPC, behind one gateway. */
export async function startSplit({ dataDir, port, env }: Required<ParleyOptions>, freePort: () => Promise<number>): Promise<Parley> {
  mkdirSync(dataDir, { recursive: true });
  const home = homes.get(dataDir) ?? { databaseUrl: env['PARLEY_DATABASE_URL'] ?? (await newDatabase()), topic: `parley.${crypto.randomUUID()}` };
  homes.set(dataDir, home);
  const [simulatorPort, commandPort] = [await freePort(), await freePort()];
  const shared = { ...surroundings(dataDir, home, simulatorPort, commandPort), ...env };
  const parts: Part[] = [];
  const stopAll = async (signal: NodeJS.Signals) => {
    for (const { child } of parts.toReversed()) {
      child.kill(signal);
      if (signal === 'SIGINT' && child === parts.at(-1)?.child) await once(child, 'exit').catch(() => undefined); // the door first
    }
    await Promise.all(parts.map(({ exited }) => exited));
  };
  try {
    for (const [name, count] of Object.entries(PARTS)) {
      for (let n = 0; n < count; n++) parts.push(launch(name, { ...shared, PARLEY_HEALTH_PORT: `${await freePort()}` }));
    }
    const gateway = launch('gateway', { ...shared, PARLEY_GATEWAY_PORT: `${port}` });
    parts.push(gateway);
    const url = `http://127.0.0.1:${port}`;
    await ready(url, parts);
    await makeAdmin(dataDir, shared, url);
    const output = () => parts.map(({ name, output: said }) => `== ${name}\n${said()}`).join('\n');
    const kill = (signal: NodeJS.Signals) => stopAll(signal);
    const stop = async () => {
      await stopAll('SIGINT');
      return gateway.exited;
    };
    return { url, port, dataDir, pid: gateway.child.pid!, output, exited: gateway.exited, kill, stop };
  } catch (error) {
    await stopAll('SIGKILL');
    throw error;
  }
}

function surroundings(dataDir: string, { databaseUrl, topic }: Home, simulatorPort: number, commandPort: number): Record<string, string> {
  const [kafka, redis] = ['PARLEY_SPEC_KAFKA_URL', 'PARLEY_SPEC_REDIS_URL'].map((name) => {
    const url = process.env[name];
    if (!url) throw new Error(`${name} is missing: script/test brings it up; by hand, script/services up kafka redis`);
    return url;
  });
  return {
    PATH: process.env['PATH']!,
    HOME: dataDir,
    PARLEY_DATA_DIR: dataDir,
    PARLEY_DATABASE_URL: databaseUrl,
    PARLEY_MASTER_KEY: Buffer.alloc(32, 9).toString('base64'),
    PARLEY_JWT_PRIVATE_KEY_FILE: keyFile(dataDir, 'jwt', () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' })),
    PARLEY_AUDIT_SIGNING_KEY_FILE: keyFile(dataDir, 'audit', () => generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' })),
    PARLEY_EVENT_LOG_URL: `${kafka!.replace(/\/$/, '')}/${topic}`,
    PARLEY_EVENT_LOG_PARTITIONS: '2',
    PARLEY_LIVE_URL: redis!,
    PARLEY_SIMULATOR_PORT: `${simulatorPort}`,
    PARLEY_SIMULATOR_URL: `http://127.0.0.1:${simulatorPort}`,
    PARLEY_COMMAND_PORT: `${commandPort}`,
    PARLEY_COMMAND_URL: `ipv4:127.0.0.1:${commandPort}`,
  };
}

/** All parts sign and check with the same key, also after a restart. */
function keyFile(dataDir: string, name: string, make: () => string | Buffer): string {
  const file = join(dataDir, `${name}.pem`);
  try {
    writeFileSync(file, make(), { mode: 0o600, flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  return file;
}

function launch(name: string, env: Record<string, string>): Part {
  const child = spawn(process.execPath, ['--enable-source-maps', '--disable-warning=TimeoutNegativeWarning', join(process.cwd(), `dist/apps/${name}/main.js`)], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
  return { name, child, output: () => text, exited: once(child, 'exit').then(([code]) => code as number | null) };
}

async function ready(url: string, parts: readonly Part[]): Promise<void> {
  for (const until = Date.now() + START_MS; ; ) {
    const gone = parts.find(({ child }) => child.exitCode !== null || child.signalCode !== null);
    if (gone || Date.now() > until) throw new Error(`${gone?.name ?? 'Parley in parts'} did not start:\n${(gone ? [gone] : parts).map(({ name, output }) => `== ${name}\n${output().slice(-2_000)}`).join('\n')}`);
    const health = await fetch(`${url}/health/ready`).then(async (response) => (await response.json()) as { status: string }).catch(() => undefined);
    if (health?.status === 'up') return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** The person whom the command line finds in the data folder, as beside a standalone Parley. */
async function makeAdmin(dataDir: string, env: Record<string, string>, url: string): Promise<void> {
  const [email, password] = ['demo@parley.localhost', 'a password of the demo person'];
  const cli = spawn(process.execPath, [join(process.cwd(), 'dist/apps/cli/main.js'), 'admins', 'add', '--email', email, '--slug', 'demo', '--password-stdin'], { env: { ...env, PARLEY_URL: url }, stdio: ['pipe', 'ignore', 'pipe'] });
  let said = '';
  cli.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  cli.stdin.end(password);
  const [code] = (await once(cli, 'close')) as [number | null];
  if (code !== 0) throw new Error(`parley admins add: ${said}`);
  writeFileSync(join(dataDir, 'demo.json'), JSON.stringify({ email, password }), { mode: 0o600 });
}
