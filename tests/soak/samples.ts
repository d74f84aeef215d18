import { readFileSync } from 'node:fs';
import { liveHeapMiB } from './live-heap.js';
import type { Series } from './trend.js';

/** What is looked at of each process, and under which name it tells it. */
const TOLD = { residentMiB: 'process_resident_memory_bytes', handles: 'nodejs_active_handles_total', openFiles: 'process_open_fds' } as const;
export type Figure = keyof typeof TOLD | 'heapMiB';

/** Each full collection holds a process up for some tens of milliseconds. */
const HEAP_EVERY_S = 60;

/** A process that is looked at. */
export interface Sampled {
  readonly name: string;
  readonly url: string;
  readonly pid: number;
  /** What it printed. */
  readonly output: () => string;
}

/** Figures of processes over time. */
export class Samples {
  readonly of = new Map<string, Record<Figure, [number, number][]>>();
  private readonly beganAt = performance.now();

  get seconds(): number {
    return (performance.now() - this.beganAt) / 1_000;
  }

  async take(processes: readonly Sampled[]): Promise<void> {
    await Promise.all(processes.map((each) => this.takeOne(each)));
  }

  series(name: string, figure: Figure): Series {
    return this.of.get(name)![figure];
  }

  private async takeOne(sampled: Sampled): Promise<void> {
    const seconds = Math.round(this.seconds * 10) / 10;
    const kept = this.of.get(sampled.name) ?? { residentMiB: [], heapMiB: [], handles: [], openFiles: [] };
    this.of.set(sampled.name, kept);
    const isHeapDue = seconds - (kept.heapMiB.at(-1)?.[0] ?? -HEAP_EVERY_S) >= HEAP_EVERY_S;
    const values = { ...(await valuesOf(sampled)), ...(isHeapDue && { heapMiB: round(await liveHeapMiB(sampled.output())) }) };
    for (const [figure, value] of Object.entries(values)) kept[figure as Figure].push([seconds, value]);
  }
}

/** @throws Error when the process does not answer */
async function valuesOf({ name, url, pid }: Sampled): Promise<Partial<Record<Figure, number>>> {
  if (name.startsWith('provider-simulator')) return { residentMiB: Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? Number.NaN) / 1_024 };
  const text = await (await fetch(`${url}/metrics`, { signal: AbortSignal.timeout(9_000) })).text();
  const value = (metric: string) => Number(new RegExp(`^${metric} (\\S+)$`, 'm').exec(text)?.[1]);
  return Object.fromEntries(Object.entries(TOLD).map(([figure, metric]) => [figure, round(metric.endsWith('_bytes') ? value(metric) / 2 ** 20 : value(metric))]));
}

const round = (value: number) => Math.round(value * 10) / 10;
