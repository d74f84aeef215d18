import { spawn } from 'node:child_process';
import { createHash, generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { newDatabase } from '@parley/platform/testing/database.js';
import type { Parley, ParleyOptions } from './parley.js';
import { Part, type PartName } from './part.js';

/** How many of each run. Of several relays one leads. */
export type Counts = Readonly<Record<Exclude<PartName, 'provider-simulator'>, number>>;

/** Two of what shares work, so that sharing is part of whatever is proven; one of what does not. */
export const COUNTS: Counts = { gateway: 1, command: 1, relay: 1, projector: 2, runtime: 2 };

/** Who is started together. */
const WAVES: readonly (readonly PartName[])[] = [['provider-simulator', 'command'], ['relay', 'projector', 'runtime'], ['gateway']];

/** A Parley whose parts can be had one by one. `url` and `pid` are those of its first gateway. */
export interface ParleyInParts extends Parley {
  readonly parts: readonly Part[];
  /** The parts of a name. */
  of(name: PartName): readonly Part[];
}

export interface InPartsOptions extends Required<Omit<ParleyOptions, 'isSetBack'>>, Pick<ParleyOptions, 'isSetBack'> {
  readonly counts?: Partial<Counts>;
  /** Where others find a command side that listens at this port, when something stands between. */
  readonly reach?: (port: number) => Promise<number>;
}

/** Parts that are not running yet. */
export interface PlannedParts {
  readonly parts: readonly Part[];
  /** The parts of a name. */
  readonly of: (name: PartName) => readonly Part[];
  /** What each of them is told. */
  readonly shared: Readonly<Record<string, string>>;
}

/** What outlives the processes of one data folder: a second start finds it. */
interface Home {
  readonly databaseUrl: string;
  readonly topic: string;
  /** What the latest start told every part. */
  environment: Readonly<Record<string, string>>;
}
const homes = new Map<string, Home>();

/** What a command line beside the parts of a data folder must be told; nothing where Parley runs in one process. */
export const environmentInParts = (dataDir: string): Readonly<Record<string, string>> => homes.get(dataDir)?.environment ?? {};

/** Parley in parts: each app a process of its own, facts by Kafka, chunks by Redis, commands by gRPC, behind one gateway or several. */
export async function startSplit(options: InPartsOptions, freePort: () => Promise<number>): Promise<ParleyInParts> {
  const { dataDir, port } = options;
  const { parts, of, shared } = await planSplit(options, freePort);
  const home = homes.get(dataDir)!;
  home.environment = shared;
  const gateway = of('gateway')[0]!;
  const kill = async (signal: NodeJS.Signals) => {
    if (signal === 'SIGINT') await Promise.all(of('gateway').map((door) => door.end(signal))); // the doors first
    await Promise.all(parts.map((part) => part.end(signal)));
  };
  try {
    // Those behind the gateways first: all at once would be more than two cores start in time, and nobody starts a system so.
    for (const wave of WAVES) {
      const started = parts.filter(({ name }) => wave.includes(name));
      for (const part of started) part.start();
      await Promise.all(started.map((part) => part.ready()));
    }
    await makeAdmin(dataDir, shared, gateway.url);
  } catch (error) {
    await kill('SIGKILL');
    throw error;
  }
  const stop = async () => {
    await kill('SIGINT');
    return gateway.exited;
  };
  const output = () => parts.map((part) => `== ${part.name}\n${part.output()}`).join('\n');
  return { url: gateway.url, port, dataDir, databaseUrl: home.databaseUrl, pid: gateway.pid, output, exited: gateway.exited, kill, stop, parts, of };
}

/** Where each part is to be, and what it is told: those behind the gateways first. */
export async function planSplit({ dataDir, port, env, isSetBack, counts: some, reach = async (door) => door }: InPartsOptions, freePort: () => Promise<number>): Promise<PlannedParts> {
  mkdirSync(dataDir, { recursive: true });
  const topic = `parley.${crypto.randomUUID()}`;
  const known = homes.get(dataDir) ?? { databaseUrl: env['PARLEY_DATABASE_URL'] ?? (await newDatabase()), topic, environment: {} };
  const home = isSetBack ? { ...known, topic } : known;
  homes.set(dataDir, home);
  const counts = { ...COUNTS, ...some };
  const simulatorUrl = at(await freePort());
  const doors: number[] = [];
  for (let n = 0; n < counts.command; n++) doors.push(await freePort());
  const shared = {
    ...surroundings(dataDir, home, env),
    PARLEY_SIMULATOR_PORT: new URL(simulatorUrl).port,
    PARLEY_SIMULATOR_URL: simulatorUrl,
    PARLEY_COMMAND_URL: `ipv4:${(await Promise.all(doors.map(reach))).map((door) => `127.0.0.1:${door}`).join(',')}`,
    ...env,
  };
  const parts = [new Part('provider-simulator', simulatorUrl, shared)];
  for (const name of ['command', 'relay', 'projector', 'runtime'] as const) {
    for (let n = 0; n < counts[name]; n++) {
      const health = await freePort();
      parts.push(new Part(name, at(health), { ...shared, PARLEY_HEALTH_PORT: `${health}`, ...(name === 'command' && { PARLEY_COMMAND_PORT: `${doors[n]}` }) }));
    }
  }
  for (let n = 0; n < counts.gateway; n++) {
    const door = n === 0 ? port : await freePort();
    parts.push(new Part('gateway', at(door), { ...shared, PARLEY_GATEWAY_PORT: `${door}` }));
  }
  return { parts, of: (name) => parts.filter((part) => part.name === name), shared };
}

const at = (port: number) => `http://127.0.0.1:${port}`;

function surroundings(dataDir: string, { databaseUrl, topic }: Home, env: Readonly<Record<string, string>>): Record<string, string> {
  const storeUrl = env['PARLEY_EVENT_STORE_URL'] ?? '';
  return {
    PATH: process.env['PATH']!,
    HOME: dataDir,
    PARLEY_DATA_DIR: dataDir,
    PARLEY_DATABASE_URL: databaseUrl,
    PARLEY_MASTER_KEY: Buffer.alloc(32, 9).toString('base64'),
    PARLEY_JWT_PRIVATE_KEY_FILE: keyFile(dataDir, 'jwt', () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' })),
    PARLEY_AUDIT_SIGNING_KEY_FILE: keyFile(dataDir, 'audit', () => generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' })),
    // A topic carries the facts of one store: who moves to another names another.
    PARLEY_EVENT_LOG_URL: env['PARLEY_EVENT_LOG_URL'] ?? `${serviceUrl('KAFKA').replace(/\/$/, '')}/${topic}.${createHash('sha256').update(storeUrl).digest('hex').slice(0, 8)}`,
    PARLEY_EVENT_LOG_PARTITIONS: '2',
    PARLEY_LIVE_URL: env['PARLEY_LIVE_URL'] ?? serviceUrl('REDIS'),
  };
}

function serviceUrl(name: 'KAFKA' | 'REDIS'): string {
  const url = process.env[`PARLEY_SPEC_${name}_URL`];
  if (!url) throw new Error(`PARLEY_SPEC_${name}_URL is missing: script/test brings it up; by hand, script/services up kafka redis`);
  return url;
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
