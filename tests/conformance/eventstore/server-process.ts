import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));

/** The conformance server in a process of its own, which can die, hang, and come back with its file or with another. */
export interface ServerProcess {
  readonly url: string;
  readonly port: number;
  /** From one moment to the next, as by a power cut. */
  kill(): Promise<void>;
  /** Neither up nor down: connections stay open, and nothing is said. */
  hang(): void;
  goOn(): void;
  /** Starts again on the same port, with what the file holds. */
  restart(): Promise<void>;
  /** Keeps a copy of the file as it is now. */
  backUp(): void;
  /** While it is down: the file becomes the copy, or nothing at all. */
  setBack(to: 'the copy' | 'empty'): void;
  end(): Promise<void>;
}

export async function startServerProcess(): Promise<ServerProcess> {
  const folder = mkdtempSync(join(tmpdir(), 'parley-eventstore-'));
  const [file, copy] = [join(folder, 'log.jsonl'), join(folder, 'copy.jsonl')];
  const port = await freePort();
  let child = await launch(port, file);
  const kill = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  };
  return {
    url: `esdb://127.0.0.1:${port}?tls=false`,
    port,
    kill,
    hang: () => void child.kill('SIGSTOP'),
    goOn: () => void child.kill('SIGCONT'),
    restart: async () => {
      child = await launch(port, file);
    },
    backUp: () => copyFileSync(file, copy),
    setBack: (to) => (to === 'empty' ? rmSync(file) : copyFileSync(copy, file)),
    end: async () => {
      await kill();
      rmSync(folder, { recursive: true });
    },
  };
}

async function launch(port: number, file: string): Promise<ChildProcess> {
  const child = spawn(process.execPath, [MAIN, '--port', `${port}`, '--file', file], { stdio: ['ignore', 'pipe', 'inherit'], env: {} });
  await Promise.race([once(child.stdout, 'data'), once(child, 'exit').then(() => Promise.reject(new Error('the conformance server did not start')))]);
  return child;
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => resolve(port));
    });
  });
}
