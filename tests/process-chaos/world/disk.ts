import { spawnSync } from 'node:child_process';
import { chmodSync, closeSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** What a disk can be. `full`: data files cannot grow. `walFull`: the write-ahead log cannot be written. `broken`: a flush fails. */
export type DiskState = 'well' | 'full' | 'walFull' | 'broken';
const ORDERS: Readonly<Record<DiskState, string>> = { well: '0', full: 'd', walFull: 'w', broken: 's' };

/** The disk of a Postgres server, by a library that is preloaded into it: it needs a C compiler, and no rights. */
export class Disk {
  private constructor(private readonly place: string, readonly env: Readonly<Record<string, string>>) {}

  /** @param place for two files beside the server's folder, which the server's own user can read. @returns undefined where there is no C compiler */
  static make(place: string): Disk | undefined {
    const [library, orders] = [`${place}.so`, `${place}.orders`];
    const { status } = spawnSync('cc', ['-shared', '-fPIC', '-O2', '-w', '-o', library, join(process.cwd(), 'tests/process-chaos/world/disk.c'), '-ldl']);
    if (status !== 0) return undefined;
    writeFileSync(orders, ORDERS.well);
    for (const file of [library, orders]) chmodSync(file, 0o755);
    return new Disk(place, { LD_PRELOAD: library, PARLEY_CHAOS_DISK: orders });
  }

  /** At once, for every process of the server. */
  set(state: DiskState): void {
    const file = openSync(`${this.place}.orders`, 'r+'); // the same file: they have it mapped
    writeSync(file, ORDERS[state], 0);
    closeSync(file);
  }

  discard(): void {
    for (const ending of ['so', 'orders']) rmSync(`${this.place}.${ending}`, { force: true });
  }
}
