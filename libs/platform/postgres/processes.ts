import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const isLinux = process.platform === 'linux';

/**
 * When a process was started, in the system's own words. With the pid it names a process for good: pids are used again, soon in containers.
 *
 * @returns undefined when there is no such process, or it has ended and nobody asked how
 */
export function startOf(pid: number): string | undefined {
  if (isLinux) {
    const stat = readIfThere(`/proc/${pid}/stat`);
    const [state, ...rest] = stat.slice(stat.lastIndexOf(')') + 2).split(' '); // the name before it may hold anything
    return state && !'ZX'.includes(state) ? rest[18] : undefined;
  }
  const [, state, start] = /^(\S+)\s+(.+)$/.exec(ask('stat=,lstart=', pid)) ?? [];
  return state?.startsWith('Z') ? undefined : start?.replace(/\W/g, '');
}

/** The command line of a process, argument by argument where the system tells them apart. Empty when there is no such process. */
export function commandOf(pid: number): readonly string[] {
  return isLinux ? readIfThere(`/proc/${pid}/cmdline`).split('\0').filter(Boolean) : ask('command=', pid).split(' ').filter(Boolean);
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return ''; // no such process (any more)
  }
}

const ask = (columns: string, pid: number): string => spawnSync('ps', ['-o', columns, '-p', `${pid}`], { encoding: 'utf8' }).stdout?.trim() ?? '';
