import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** Longest start, on a machine that does other things too. */
const START_MS = 120_000;

/** One that serves, and says for so long that a person should look, will not say otherwise by itself. */
const DEGRADED_MS = 8_000;

/** Who says nothing for so long does not answer. */
const ANSWER_MS = 5_000;

export type PartName = 'gateway' | 'command' | 'relay' | 'projector' | 'runtime' | 'provider-simulator';

/** One process of a Parley in parts. It may end and be started again, at the address that it had. */
export class Part {
  private child: ChildProcess | undefined;
  private text = '';
  private ended: Promise<number | null> = Promise.resolve(null);

  /** @param url where it says how it is; of a gateway, the public door */
  constructor(readonly name: PartName, readonly url: string, private readonly env: Readonly<Record<string, string>>) {}

  /** Of the latest start. */
  get pid(): number {
    return this.child!.pid!;
  }

  get isRunning(): boolean {
    return this.child !== undefined && this.child.exitCode === null && this.child.signalCode === null;
  }

  /** Settles when the latest start ends, with its exit code; null when a signal ended it. */
  get exited(): Promise<number | null> {
    return this.ended;
  }

  /** What it printed, from the first start on. */
  output(): string {
    return this.text;
  }

  /** @param more told to this start alone, beside what it is always told */
  start(more: Readonly<Record<string, string>> = {}): void {
    const child = spawn(process.execPath, ['--enable-source-maps', '--disable-warning=TimeoutNegativeWarning', join(process.cwd(), `dist/apps/${this.name}/main.js`)], { env: { ...this.env, ...more }, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (this.text += chunk.toString()));
    this.child = child;
    this.ended = once(child, 'exit').then(([code]) => code as number | null);
  }

  /** Waits until it serves, and all is well with it or stays as it is. @throws Error with what it said when it ends before */
  async ready(): Promise<void> {
    let degradedAt = Number.POSITIVE_INFINITY;
    for (const until = Date.now() + START_MS; ; await delay(100)) {
      const status = await this.status();
      if (status === 'up' || (status === 'degraded' && Date.now() - degradedAt > DEGRADED_MS)) return;
      if (status !== 'degraded') degradedAt = Number.POSITIVE_INFINITY;
      else degradedAt = Math.min(degradedAt, Date.now());
      if (!this.isRunning || Date.now() > until) throw new Error(`${this.name} did not start:\n${this.text.slice(-2_000)}`);
    }
  }

  /** What it says of itself; undefined when it does not answer. */
  async status(): Promise<'up' | 'degraded' | 'down' | undefined> {
    const patience = { signal: AbortSignal.timeout(ANSWER_MS) };
    if (this.name === 'provider-simulator') return fetch(`${this.url}/healthz`, patience).then(({ ok }) => (ok ? 'up' : 'down'), () => undefined);
    return fetch(`${this.url}/health/ready`, patience).then(async (response) => ((await response.json()) as { status: 'up' | 'degraded' | 'down' }).status, () => undefined);
  }

  /** Sends it a signal. */
  signal(signal: NodeJS.Signals): void {
    this.child?.kill(signal);
  }

  /** Ends it. @returns its exit code; null when the signal ended it */
  async end(signal: NodeJS.Signals): Promise<number | null> {
    this.signal(signal);
    return this.ended;
  }
}
