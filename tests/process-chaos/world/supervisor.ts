import { appendFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Part, PartName } from '../../running/part.js';
import type { RunFolder } from '../history.js';

/** How soon a process that died is started again. */
const RESTART_MS = 200;

/** Longest wait until all serve, on a machine that does other things too. */
const READY_MS = 240_000;

const INSIDE = join(process.cwd(), 'tests/process-chaos/world/inside.mjs');

/** What `inside.mjs` does for us within a process. */
export interface Orders {
  readonly clockMs?: number;
  readonly fillsMemory?: boolean;
}

/** What a process is to be told at its first start alone, beside what all are told. */
export interface Arming {
  readonly part: PartName;
  /** Which of its name; all of them when left out. */
  readonly index?: number;
  readonly failpoints?: string;
  readonly nodeOptions?: string;
}

/** Runs the parts, and starts again whichever dies: as an operator's supervisor would. */
export class Supervisor {
  private isOver = false;
  private readonly watching: Promise<void>[] = [];
  /** Whatever ends us ends the parts. */
  private readonly withUs = () => this.all.filter(({ isRunning }) => isRunning).forEach((part) => part.signal('SIGKILL'));
  /** How often each part ended before it was to. */
  readonly deaths = new Map<string, number>();

  constructor(readonly all: readonly Part[], private readonly folder: RunFolder) {}

  of(name: PartName): readonly Part[] {
    return this.all.filter((part) => part.name === name);
  }

  /** One of a name; where there are fewer, one of those there are. */
  one(name: PartName, index: number): Part {
    const parts = this.of(name);
    return parts[index % parts.length]!;
  }

  /** @throws Error when one does not come up */
  async start(armings: readonly Arming[], seed: string): Promise<void> {
    process.once('exit', this.withUs);
    for (const part of this.all) {
      const mine = armings.filter(({ part: name, index }) => name === part.name && (index === undefined || part === this.one(name, index)));
      // Of two that name one place the first counts.
      const orders = new Map(mine.flatMap((each) => each.failpoints ?? []).toReversed().map((order) => [order.split('=')[0], order]));
      const failpoints = [...orders.values()].join(',');
      this.order(part, {});
      part.start({ ...this.inside(part, mine.flatMap(({ nodeOptions }) => nodeOptions ?? []).join(' ')), ...(failpoints && { PARLEY_FAILPOINTS: failpoints, PARLEY_FAILPOINTS_SEED: seed }) });
      this.watching.push(this.watch(part));
    }
    await this.ready();
  }

  /** Tells what is inside a process what to do. */
  order(part: Part, orders: Orders): void {
    writeFileSync(this.ordersOf(part), JSON.stringify(orders));
  }

  /** Waits until all serve, well or degraded. @throws Error that names one that does not */
  async ready(): Promise<void> {
    for (const until = Date.now() + READY_MS; ; await delay(100)) {
      const late = (await Promise.all(this.all.map(async (part) => (['up', 'degraded'].includes((await part.status()) ?? 'down') ? undefined : part)))).find((part) => part);
      if (!late) return;
      if (Date.now() > until) throw new Error(`${this.nameOf(late)} does not serve:\n${late.output().slice(-3_000)}`);
    }
  }

  /** Ends all of them at once: what is to be seen of them was seen. */
  async stop(): Promise<void> {
    this.isOver = true;
    await Promise.all(this.all.filter(({ isRunning }) => isRunning).map((part) => (part.signal('SIGCONT'), part.end('SIGKILL'))));
    await Promise.all(this.watching);
    process.off('exit', this.withUs);
    for (const part of this.all) writeFileSync(join(this.folder, `${this.nameOf(part)}.log`), part.output());
  }

  /** e.g. `runtime-2` */
  nameOf(part: Part): string {
    return `${part.name}-${this.of(part.name).indexOf(part) + 1}`;
  }

  private async watch(part: Part): Promise<void> {
    for (;;) {
      const code = await part.exited;
      if (this.isOver) return;
      this.deaths.set(this.nameOf(part), (this.deaths.get(this.nameOf(part)) ?? 0) + 1);
      appendFileSync(join(this.folder, 'processes.jsonl'), `${JSON.stringify({ at: new Date().toISOString(), part: this.nameOf(part), code, said: part.output().slice(-500) })}\n`);
      this.order(part, {});
      await delay(RESTART_MS);
      if (this.isOver) return;
      part.start(this.inside(part));
    }
  }

  private inside(part: Part, more = ''): Record<string, string> {
    return { PARLEY_CHAOS_ORDERS: this.ordersOf(part), NODE_COMPILE_CACHE: join(tmpdir(), 'parley-chaos-compiled'), NODE_OPTIONS: `--import ${INSIDE} ${more}`.trim() };
  }

  private ordersOf(part: Part): string {
    return join(this.folder, `${this.nameOf(part)}.orders`);
  }
}
