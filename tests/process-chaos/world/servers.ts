import { execFile } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { connectClient } from '@parley/platform/postgres/connect.js';
import { discard, type EmbeddedPostgres, startEmbeddedPostgres } from '@parley/platform/postgres/embedded-postgres.js';
import { embeddedDatabase } from '../../running/embedded.js';
import { freePort } from '../../running/free-port.js';
import { Disk } from './disk.js';
import { FaultProxy } from './proxy.js';

const run = promisify(execFile);

/** A server that may be stopped, killed and started again, always at its port. */
export interface Server {
  readonly name: 'postgres' | 'kafka' | 'redis';
  readonly port: number;
  /** Where clients go. */
  readonly proxy: FaultProxy;
  signal(signal: NodeJS.Signals): void;
  /** Ends it, and waits until it is gone. */
  end(signal: NodeJS.Signals): Promise<void>;
  /** Starts it where it is not running, and waits until it serves. */
  start(): Promise<void>;
}

/** Postgres as a child of ours: it ends with us, however we end. */
export class PostgresServer implements Server {
  readonly name = 'postgres';
  private running: EmbeddedPostgres | undefined;
  private isGone = true;

  private constructor(private readonly dataDir: string, readonly port: number, readonly proxy: FaultProxy, readonly disk: Disk | undefined) {}

  static async open(dataDir: string): Promise<PostgresServer> {
    const port = await freePort();
    const server = new PostgresServer(dataDir, port, await FaultProxy.start(() => port), Disk.make(`${dataDir}-disk`));
    await server.start();
    return server;
  }

  /** As its superuser, past the proxy. */
  get url(): string {
    const url = new URL(this.running!.url);
    url.port = `${this.port}`;
    return url.href;
  }

  /** Past the proxy or through it. */
  urlOf(database: string, { through }: { readonly through: boolean }): string {
    const url = new URL(`/${database}`, this.url);
    if (through) url.port = `${this.proxy.port}`;
    return url.href;
  }

  signal(signal: NodeJS.Signals): void {
    if (!this.isGone) tell(embeddedDatabase(this.dataDir).pid, signal);
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    this.signal(signal);
    await this.running?.exited;
  }

  async start(): Promise<void> {
    if (!this.isGone) return;
    const settings = { port: `${this.port}`, max_connections: '300', shared_buffers: '128MB' };
    this.running = await startEmbeddedPostgres({ dataDir: this.dataDir, settings, patienceMs: 30_000, ...(this.disk && { env: this.disk.env }) });
    this.isGone = false;
    void this.running.exited.then(() => (this.isGone = true));
  }

  /** Whether it answers a question within a second. */
  async isUp(): Promise<boolean> {
    try {
      const client = await connectClient(this.url, { timeoutMs: 1_000 });
      await client.query('select 1').finally(() => client.end());
      return true;
    } catch {
      return false;
    }
  }

  async close(): Promise<void> {
    this.disk?.set('well');
    if (!this.isGone) await this.end('SIGINT');
    await this.proxy.close();
    this.disk?.discard();
    discard(this.dataDir);
  }
}

/** Kafka and Redis as `script/services` runs them. */
class Service implements Server {
  private constructor(readonly name: 'kafka' | 'redis', private readonly folder: string, readonly port: number, readonly proxy: FaultProxy, private readonly ports: Readonly<Record<string, string>>) {}

  static async open(name: 'kafka' | 'redis', folder: string): Promise<Service> {
    const port = await freePort();
    const proxy = await FaultProxy.start(() => port);
    const ports = {
      kafka: { PARLEY_KAFKA_PORT: `${port}`, PARLEY_KAFKA_CONTROLLER_PORT: `${await freePort()}`, PARLEY_KAFKA_ADVERTISED_PORT: `${proxy.port}` },
      redis: { PARLEY_REDIS_PORT: `${port}` },
    };
    const service = new Service(name, folder, port, proxy, ports[name]);
    await service.start();
    return service;
  }

  signal(signal: NodeJS.Signals): void {
    const note = join(this.folder, this.name, 'pid');
    if (existsSync(note)) tell((JSON.parse(readFileSync(note, 'utf8')) as { pid: number }).pid, signal);
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    this.signal(signal);
    while (await answers(this.port)) await delay(20);
  }

  async start(): Promise<void> {
    await this.services('up');
  }

  async close(): Promise<void> {
    await this.services('down');
    await this.proxy.close();
  }

  private async services(command: 'up' | 'down'): Promise<void> {
    const env = { PATH: process.env['PATH'], HOME: process.env['HOME'], XDG_CACHE_HOME: process.env['XDG_CACHE_HOME'], PARLEY_SERVICES_DIR: this.folder, ...this.ports };
    await run(process.execPath, [join(process.cwd(), 'tests/services/main.mjs'), command, this.name], { env });
  }
}

/** What Parley stands on, once for all runs. */
export interface Servers {
  readonly postgres: PostgresServer;
  readonly kafka: Server;
  readonly redis: Server;
  readonly all: readonly Server[];
  close(): Promise<void>;
}

/** @param folder for their data and logs */
export async function startServers(folder: string): Promise<Servers> {
  const opened: (PostgresServer | Service)[] = [];
  const close = async () => {
    for (const server of opened.splice(0)) await server.close();
    rmSync(join(folder, 'services'), { recursive: true, force: true });
  };
  try {
    const postgres = await PostgresServer.open(join(folder, 'postgres'));
    opened.push(postgres);
    const kafka = await Service.open('kafka', join(folder, 'services'));
    opened.push(kafka);
    const redis = await Service.open('redis', join(folder, 'services'));
    opened.push(redis);
    return { postgres, kafka, redis, all: [postgres, kafka, redis], close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Sends a signal. Whoever has ended meanwhile, by another fault, does not hear it. */
export function tell(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const say = (is: boolean) => (socket.destroy(), resolve(is));
    socket.once('connect', () => say(true)).once('error', () => say(false));
  });
}
