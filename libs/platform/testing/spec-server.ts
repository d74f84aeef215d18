import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { environment } from '../config/config.js';

const run = promisify(execFile);

interface Note {
  readonly url: string;
  readonly pid: number;
  readonly port: number;
  readonly controllerPort?: number;
}

/** A real Kafka or Redis for one spec, to be killed, stopped, emptied and set back. Always at the same address. */
export class SpecServer {
  private constructor(private readonly name: string, private readonly folder: string, private note: Note) {}

  static async start(name: 'kafka' | 'redis'): Promise<SpecServer> {
    const folder = mkdtempSync(join(tmpdir(), `parley-spec-${name}-`));
    return new SpecServer(name, folder, await services('up', name, folder));
  }

  get url(): string {
    return this.note.url;
  }

  get port(): number {
    return this.note.port;
  }

  /** At once, as when the machine loses power. */
  async kill(): Promise<void> {
    process.kill(this.note.pid, 'SIGKILL');
    await services('down', this.name, this.folder);
  }

  /** Neither dead nor answering. */
  hang(): void {
    process.kill(this.note.pid, 'SIGSTOP');
  }

  goOn(): void {
    process.kill(this.note.pid, 'SIGCONT');
  }

  async stop(): Promise<void> {
    await services('down', this.name, this.folder);
  }

  /** Starts it again, on the data that are there. */
  async start(): Promise<void> {
    this.note = await services('up', this.name, this.folder, this.note);
  }

  /** Its data as they are now; it must not run. */
  copy(): string {
    const copy = mkdtempSync(join(tmpdir(), `parley-spec-${this.name}-copy-`));
    cpSync(this.data, copy, { recursive: true });
    return copy;
  }

  /** Puts an older copy of its data in the place of those that are there; without one, nothing. It must not run. */
  setBack(copy?: string): void {
    rmSync(this.data, { recursive: true, force: true });
    if (copy === undefined) return;
    cpSync(copy, this.data, { recursive: true });
    rmSync(copy, { recursive: true });
  }

  async close(): Promise<void> {
    await services('down', this.name, this.folder);
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** The folder where it keeps its files. */
  get data(): string {
    return join(this.folder, this.name, 'data');
  }
}

/** The URL of the server that all specs share where the whole suite runs, or of one of our own. @returns ends what it started */
export async function specServerUrl(name: 'kafka' | 'redis'): Promise<{ url: string; close: () => Promise<void> }> {
  const shared = environment()[`PARLEY_SPEC_${name.toUpperCase()}_URL`];
  if (shared) return { url: shared, close: async () => undefined };
  const server = await SpecServer.start(name);
  return { url: server.url, close: () => server.close() };
}

async function services(command: 'up' | 'down', name: string, folder: string, at?: Note): Promise<Note> {
  const ports = at ? { [`PARLEY_${name.toUpperCase()}_PORT`]: `${at.port}`, PARLEY_KAFKA_CONTROLLER_PORT: `${at.controllerPort ?? ''}` } : { PARLEY_SERVICES_PORTS: 'free' };
  const env = { ...environment(), PARLEY_SERVICES_DIR: folder, NODE_OPTIONS: '', ...ports };
  const { stdout } = await run(process.execPath, ['tests/services/main.mjs', command, '--json', name], { env });
  return command === 'up' ? (JSON.parse(stdout) as Record<string, Note>)[name]! : at!;
}
