import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { commandOf, startOf } from './processes.js';

/** The mark on the command line of a server that we start: which process it belongs to. PostgreSQL shows it as `cluster_name`. */
export const ourMark = (): string => `parley-${process.pid}-${startOf(process.pid)}`;

/** Who has a database cluster that would not open for us. */
export type Occupant =
  | { readonly kind: 'none' }
  /** A running Parley, or a server that somebody else started: never touched. */
  | { readonly kind: 'holder'; readonly pid?: number }
  /** A server of ours whose Parley is gone. */
  | { readonly kind: 'orphan'; readonly pid: number };

export function occupantOf(cluster: string): Occupant {
  const lock = readLock(cluster);
  const command = lock ? commandOf(lock.pid) : [];
  if (!lock || basename(command[0] ?? '') !== 'postgres' || !command.includes(cluster)) return { kind: 'none' };
  const [, pid, start] = /cluster_name=parley-(\d+)-(\w+)/.exec(command.join('\n')) ?? [];
  if (!pid) return { kind: 'holder' };
  return startOf(Number(pid)) === start ? { kind: 'holder', pid: Number(pid) } : { kind: 'orphan', pid: lock.pid };
}

/** Stops a server whose Parley is gone: in good order; when that takes long, at once, and the next start recovers. */
export async function stopOrphan(pid: number): Promise<void> {
  const start = startOf(pid);
  for (const signal of ['SIGINT', 'SIGQUIT'] as const) {
    try {
      process.kill(pid, signal);
    } catch {
      return; // it is gone
    }
    for (const until = Date.now() + 5_000; Date.now() < until; await delay(20)) if (startOf(pid) !== start) return;
  }
}

/**
 * A lock whose pid now belongs to another program, or to a server that has ended and that nobody asked how, would keep PostgreSQL out for
 * good (both are common in containers). It gets the pid of a process that is gone. Only the pid: by the rest of the lock PostgreSQL sees
 * whether a backend still lives.
 */
export function unlockReusedPid(cluster: string): void {
  const lock = readLock(cluster);
  if (!lock || !exists(lock.pid) || occupantOf(cluster).kind !== 'none') return;
  const ended = spawnSync('/bin/sh', ['-c', 'exit 0']).pid;
  writeFileSync(lock.file, lock.text.replace(/^\d+/, `${ended}`));
}

function exists(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function readLock(cluster: string): { file: string; text: string; pid: number } | undefined {
  const file = join(cluster, 'postmaster.pid');
  try {
    const text = readFileSync(file, 'utf8');
    const pid = Number.parseInt(text, 10);
    return pid > 0 ? { file, text, pid } : undefined;
  } catch {
    return undefined; // no lock
  }
}
